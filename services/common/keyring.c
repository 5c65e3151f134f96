/* See keyring.h. */
#include "keyring.h"

#include "random.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

static bool read_line(struct keyring *r, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    size_t kid = colon ? (size_t)(colon - line) : 0;
    char hex[2 * KEYRING_KEY_BYTES + 1];
    if (kid == 0 || kid > KEYRING_KID_MAX || size - kid - 1 != 2 * KEYRING_KEY_BYTES || r->n == KEYRING_MAX)
        return false;
    memcpy(hex, colon + 1, 2 * KEYRING_KEY_BYTES);
    hex[2 * KEYRING_KEY_BYTES] = '\0';
    memcpy(r->keys[r->n].kid, line, kid);
    r->keys[r->n].kid[kid] = '\0';
    bool good = from_hex(r->keys[r->n].key, hex, KEYRING_KEY_BYTES) == 0;
    OPENSSL_cleanse(hex, sizeof hex);
    r->n += good;
    return good;
}

int keyring_read(struct keyring *r, const char *text)
{
    r->n = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n > 0 && !read_line(r, text, n))
            return -1;
        text += n + (text[n] == '\n');
    }
    return (int)r->n;
}

const uint8_t *keyring_find(const struct keyring *r, const char *kid, size_t size)
{
    for (size_t i = 0; i < r->n; i++)
        if (strlen(r->keys[i].kid) == size && memcmp(r->keys[i].kid, kid, size) == 0)
            return r->keys[i].key;
    return NULL;
}
