/* See b64url.h. */
#include "b64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t b64url_size(size_t n)
{
    return (n * 8 + 5) / 6;
}

void b64url_encode(char *out, const void *data, size_t n)
{
    const uint8_t *in = data;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | in[i];
        have += 8;
        while (have >= 6) {
            have -= 6;
            *out++ = alphabet[bits >> have & 63];
        }
    }
    if (have > 0)
        *out++ = alphabet[bits << (6 - have) & 63];
    *out = '\0';
}

int b64url_decode(uint8_t *out, size_t size, const char *text)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t used = 0;
    size_t n = strlen(text);
    if (n % 4 == 1 || n / 4 * 3 > size)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *at = strchr(alphabet, text[i]);
        if (!at)
            return -1;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        have += 6;
        if (have >= 8) {
            if (used == size)
                return -1;
            have -= 8;
            out[used++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    return bits == 0 ? (int)used : -1;
}
