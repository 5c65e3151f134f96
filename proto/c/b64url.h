/* base64url without padding (RFC 4648 section 5). */
#ifndef BEISTAND_B64URL_H
#define BEISTAND_B64URL_H

#include <stddef.h>
#include <stdint.h>

/* Characters of n bytes, without NUL. */
size_t b64url_size(size_t n);
/* out: b64url_size(n) + 1 bytes. */
void b64url_encode(char *out, const void *data, size_t n);
/* Decodes NUL-terminated text into at most size bytes. Returns the number of bytes, or -1 when text is no
 * canonical base64url (padding, other characters, stray bits) or does not fit. */
int b64url_decode(uint8_t *out, size_t size, const char *text);

#endif
