/* Time-based one-time passwords (RFC 6238 over RFC 4226: HMAC-SHA-1, six digits, thirty seconds). Pure. */
#ifndef BEISTAND_GATEWAY_TOTP_H
#define BEISTAND_GATEWAY_TOTP_H

#include <stddef.h>
#include <stdint.h>

enum { TOTP_KEY_BYTES = 20, TOTP_KEY_TEXT = 33, TOTP_DIGITS = 6, RECOVERY_CODES = 10, RECOVERY_SIZE = 20 };

/* The code of one step; out: TOTP_DIGITS + 1. */
void totp_code(const uint8_t key[TOTP_KEY_BYTES], uint64_t step, char out[TOTP_DIGITS + 1]);
/* The step whose code this is, one before and one after now included; 0: none. */
uint64_t totp_match(const uint8_t key[TOTP_KEY_BYTES], const char *code, int64_t now_ms);
/* RFC 4648 base32 of a key, as authenticator apps take it, and back (0 or -1). */
void totp_key_text(const uint8_t key[TOTP_KEY_BYTES], char out[TOTP_KEY_TEXT]);
int totp_key_read(const char *text, uint8_t key[TOTP_KEY_BYTES]);

/* xxxx-xxxx-xxxx-xxxx: 80 random bits in Crockford's alphabet. */
void recovery_new(char out[RECOVERY_SIZE]);
/* What is kept of one that a person typed (case, dashes and spaces do not count): SHA-256 hex over it and whose it is.
 * 0, or -1 when it has not the form. */
int recovery_digest(const char *typed, const char *technician, char out[65]);

#endif
