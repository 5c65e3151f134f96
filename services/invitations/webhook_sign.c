/* Signature and schedule of deliveries (webhook.h). Pure. */
#include "webhook.h"

#include "common/random.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 96, MAC = 32, MAC_TEXT = 44 };

/* whsec_ and base64 of 24 to 64 bytes; the number of bytes, or -1. */
static int read_secret(uint8_t key[KEY_MAX], const char *secret)
{
    size_t n = strlen(secret);
    if (n < 6 + 32 || n - 6 > KEY_MAX / 3 * 4 || strncmp(secret, "whsec_", 6) != 0)
        return -1;
    int size = EVP_DecodeBlock(key, (const uint8_t *)secret + 6, (int)(n - 6));
    for (size_t i = n; size > 0 && i > 6 && secret[i - 1] == '='; i--)
        size--;
    return size >= 24 ? size : -1;
}

static int sign_one(char out[3 + MAC_TEXT + 1], const char *secret, const char *text, size_t n)
{
    uint8_t key[KEY_MAX], mac[MAC];
    int size = read_secret(key, secret);
    if (size < 0)
        return -1;
    hmac_sha256(mac, key, (size_t)size, text, n);
    OPENSSL_cleanse(key, sizeof key);
    memcpy(out, "v1,", 3);
    EVP_EncodeBlock((uint8_t *)out + 3, mac, sizeof mac);
    return 0;
}

int webhook_sign(char out[WEBHOOK_SIGNATURES_SIZE], const char *secret, const char *previous, const char *id, int64_t seconds,
                 const char *body)
{
    size_t size = strlen(id) + strlen(body) + 32;
    char *text = malloc(size);
    int n = text ? snprintf(text, size, "%s.%" PRId64 ".%s", id, seconds, body) : -1;
    int bad = n < 0 ? -1 : sign_one(out, secret, text, (size_t)n);
    size_t used = bad ? 0 : strlen(out);
    if (!bad && previous && *previous) {
        out[used] = ' ';
        bad = sign_one(out + used + 1, previous, text, (size_t)n);
    }
    free(text);
    return bad;
}

int64_t webhook_delay(const int64_t *schedule, size_t n, unsigned tries, unsigned random)
{
    if (tries == 0 || tries > n)
        return -1;
    /* 80 to 120 %: receivers that were away together are not asked again together. */
    return schedule[tries - 1] * (8000 + random * 4000 / 10000) / 10000;
}
