/* See random.h. */
#include "random.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void random_fill(void *out, size_t n)
{
    if (RAND_bytes(out, (int)n) != 1)
        abort();
}

void to_hex(char *out, const uint8_t *data, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * n] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int from_hex(uint8_t *out, const char *text, size_t n)
{
    if (strlen(text) != 2 * n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

void random_hex(char *out, size_t n)
{
    uint8_t bytes[64];
    n = n < sizeof bytes ? n : sizeof bytes;
    random_fill(bytes, n);
    to_hex(out, bytes, n);
}

/* Fetched once: the library else looks them up by name each time, which costs more than a short digest. */
static const EVP_MD *sha256(void)
{
    static EVP_MD *md;
    if (!md && !(md = EVP_MD_fetch(NULL, "SHA256", NULL)))
        abort();
    return md;
}

void sha256_hex(char *out, const void *data, size_t n)
{
    uint8_t digest[32];
    if (EVP_Digest(data, n, digest, NULL, sha256(), NULL) != 1)
        abort();
    to_hex(out, digest, sizeof digest);
}

/* One context per thread, keyed anew each time, for the same reason. */
void hmac_sha256(uint8_t out[32], const uint8_t *key, size_t key_size, const void *data, size_t n)
{
    static _Thread_local EVP_MAC_CTX *context;
    OSSL_PARAM settings[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0), OSSL_PARAM_construct_end()};
    if (!context) {
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        context = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
        if (!context || !EVP_MAC_CTX_set_params(context, settings))
            abort();
    }
    size_t size = 32;
    if (!EVP_MAC_init(context, key, key_size, NULL) || !EVP_MAC_update(context, data, n) ||
        !EVP_MAC_final(context, out, &size, 32))
        abort();
}
