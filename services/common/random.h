/* Random bytes and the few digests every service needs (OpenSSL). All abort the process when the
 * system has no randomness: there is nothing safe to do without. */
#ifndef BEISTAND_RANDOM_H
#define BEISTAND_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_fill(void *out, size_t n);
/* out: 2n + 1 bytes. n at most 64. */
void random_hex(char *out, size_t n);
/* out: 65 bytes, lower-case hexadecimal. */
void sha256_hex(char *out, const void *data, size_t n);
void hmac_sha256(uint8_t out[32], const uint8_t *key, size_t key_size, const void *data, size_t n);
/* out: 2n + 1 bytes. */
void to_hex(char *out, const uint8_t *data, size_t n);
/* 0, or -1 unless text is exactly 2n hexadecimal digits. */
int from_hex(uint8_t *out, const char *text, size_t n);

#endif
