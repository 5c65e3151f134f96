/* Crockford's base32 (https://www.crockford.com/base32.html) as Beistand's identifiers and link tokens use it:
 * proto/channel.md section 1. No allocation, no I/O. */
#ifndef BEISTAND_CROCKFORD_H
#define BEISTAND_CROCKFORD_H

#include <stddef.h>
#include <stdint.h>

enum {
    CROCKFORD_MAX = 32,        /* bytes of the longest value */
    LINK_TOKEN_BYTES = 10,
    LINK_TOKEN_TEXT = 16 + 2,  /* characters with the two check characters */
};

/* Characters of n bytes, without NUL: ceil(8n / 5). */
size_t crockford_size(size_t n);
/* Lower case, most significant bits first, the last character padded with zero bits. out:
 * crockford_size(n) + 1 bytes. n at most CROCKFORD_MAX. */
void crockford_encode(char *out, const uint8_t *data, size_t n);
/* Exactly crockford_size(n) characters, the canonical form crockford_encode() makes (lower case, zero pad
 * bits). 0, or -1. */
int crockford_decode(uint8_t *out, size_t n, const char *text);

/* out: LINK_TOKEN_TEXT + 1 bytes, upper case, check characters last. */
void link_token_encode(char out[LINK_TOKEN_TEXT + 1], const uint8_t token[LINK_TOKEN_BYTES]);
/* Reads what a person typed: any case, dashes and spaces anywhere, O as 0, I and L as 1. out gets the
 * canonical upper-case text. Returns the bucket (0..63), or -1 when it is no token (length, characters, check). */
int link_token_read(const char *typed, char out[LINK_TOKEN_TEXT + 1]);
/* Finds the token anywhere in a file name or a pasted link ("Support-XXXXXX-XXXXXX-XXXXXX (1).exe"): the first that
 * stands alone, else the first at all.
 * Returns as link_token_read(). text: at most 1024 characters are looked at. */
int link_token_find(const char *text, char out[LINK_TOKEN_TEXT + 1]);

#endif
