/* See seal.h. */
#include "seal.h"

#include "keyring.h"
#include "log.h"
#include "proto/c/b64url.h"
#include "random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE = 12, TAG = 16 };

static const char form[] = "s1.";

struct seal_keys {
    struct keyring ring;
};

/* A dot ends the key's name in the sealed form. */
static bool names_fit(const struct keyring *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (strchr(r->keys[i].kid, '.'))
            return false;
    return true;
}

struct seal_keys *seal_keys_new(const char *text)
{
    struct seal_keys *k = calloc(1, sizeof *k);
    if (k && keyring_read(&k->ring, text) > 0 && names_fit(&k->ring))
        return k;
    log_event(LOG_ERROR, "seal_keys_invalid", "expected", "lines kid:hex of 32 bytes, at most 4", NULL);
    seal_keys_free(k);
    return NULL;
}

void seal_keys_free(struct seal_keys *k)
{
    if (k)
        OPENSSL_cleanse(k, sizeof *k);
    free(k);
}

/* out: NONCE + size + TAG bytes, the nonce is there already. */
static bool encrypt(const uint8_t *key, const char *place, const char *plain, size_t size, uint8_t *out)
{
    int n;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
              EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)place, (int)strlen(place)) == 1 &&
              EVP_EncryptUpdate(ctx, out + NONCE, &n, (const uint8_t *)plain, (int)size) == 1 &&
              EVP_EncryptFinal_ex(ctx, out + NONCE + n, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + size) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool decrypt(const uint8_t *key, const char *place, uint8_t *in, size_t size, char *plain)
{
    int n;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, in) == 1 &&
              EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)place, (int)strlen(place)) == 1 &&
              EVP_DecryptUpdate(ctx, (uint8_t *)plain, &n, in + NONCE, (int)size) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, in + NONCE + size) == 1 &&
              EVP_DecryptFinal_ex(ctx, (uint8_t *)plain + n, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

char *seal_text(const struct seal_keys *k, const char *place, const char *plain)
{
    size_t size = strlen(plain), raw = NONCE + size + TAG, head = sizeof form - 1 + strlen(k->ring.keys[0].kid) + 1;
    if (size > SEAL_TEXT_MAX)
        return NULL;
    uint8_t *sealed = malloc(raw);
    char *out = sealed ? malloc(head + b64url_size(raw) + 1) : NULL;
    if (out) {
        random_fill(sealed, NONCE);
        bool ok = encrypt(k->ring.keys[0].key, place, plain, size, sealed);
        snprintf(out, head + 1, "%s%s.", form, k->ring.keys[0].kid);
        b64url_encode(out + head, sealed, raw);
        if (!ok) {
            free(out);
            out = NULL;
        }
    }
    free(sealed);
    return out;
}

char *seal_open(const struct seal_keys *k, const char *place, const char *sealed)
{
    const char *kid = strncmp(sealed, form, sizeof form - 1) == 0 ? sealed + sizeof form - 1 : "";
    size_t n = strcspn(kid, ".");
    const uint8_t *key = kid[n] == '.' ? keyring_find(&k->ring, kid, n) : NULL;
    const char *text = kid + n + 1;
    if (!key || strlen(text) > 2 * SEAL_TEXT_MAX)
        return NULL;
    size_t room = strlen(text);
    uint8_t *raw = malloc(room + 1);
    char *plain = raw ? calloc(1, room + 1) : NULL;
    int n_raw = plain ? b64url_decode(raw, room, text) : -1;
    bool ok = n_raw >= NONCE + TAG && decrypt(key, place, raw, (size_t)n_raw - NONCE - TAG, plain);
    free(raw);
    if (!ok) {
        free(plain);
        return NULL;
    }
    return plain;
}
