/* See crypto.h: AES-256-GCM, PBKDF2 and SHA-1 on Linux. */
#include "crypto.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct gcm {
    EVP_CIPHER_CTX *ctx;
    uint8_t key[KEY_BYTES];
};

int crypto_pbkdf2(uint8_t out[KEY_BYTES], const char *password, const uint8_t *salt, size_t salt_size,
                  uint32_t iterations)
{
    return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)salt_size, (int)iterations,
                             EVP_sha256(), KEY_BYTES, out) == 1
               ? 0
               : -1;
}

void crypto_sha1(uint8_t out[SHA1_BYTES], const void *data, size_t n)
{
    if (EVP_Digest(data, n, out, NULL, EVP_sha1(), NULL) != 1)
        memset(out, 0, SHA1_BYTES);
}

struct gcm *gcm_new(const uint8_t key[KEY_BYTES])
{
    struct gcm *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    memcpy(g->key, key, KEY_BYTES);
    g->ctx = EVP_CIPHER_CTX_new();
    if (!g->ctx) {
        gcm_free(g);
        return NULL;
    }
    return g;
}

void gcm_free(struct gcm *g)
{
    if (!g)
        return;
    EVP_CIPHER_CTX_free(g->ctx);
    crypto_wipe(g->key, sizeof g->key);
    free(g);
}

int gcm_seal(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], const void *aad, size_t aad_size,
             const uint8_t *in, size_t n, uint8_t *out)
{
    int used, last;
    return EVP_EncryptInit_ex(g->ctx, EVP_aes_256_gcm(), NULL, g->key, nonce) == 1 &&
                   EVP_EncryptUpdate(g->ctx, NULL, &used, aad, (int)aad_size) == 1 &&
                   EVP_EncryptUpdate(g->ctx, out, &used, in, (int)n) == 1 &&
                   EVP_EncryptFinal_ex(g->ctx, out + used, &last) == 1 &&
                   EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_GCM_GET_TAG, GCM_TAG_BYTES, out + n) == 1
               ? 0
               : -1;
}

int gcm_open(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], const void *aad, size_t aad_size,
             const uint8_t *in, size_t n, uint8_t *out)
{
    int used, last;
    if (n < GCM_TAG_BYTES)
        return -1;
    n -= GCM_TAG_BYTES;
    return EVP_DecryptInit_ex(g->ctx, EVP_aes_256_gcm(), NULL, g->key, nonce) == 1 &&
                   EVP_DecryptUpdate(g->ctx, NULL, &used, aad, (int)aad_size) == 1 &&
                   EVP_DecryptUpdate(g->ctx, out, &used, in, (int)n) == 1 &&
                   EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_GCM_SET_TAG, GCM_TAG_BYTES, (void *)(in + n)) == 1 &&
                   EVP_DecryptFinal_ex(g->ctx, out + used, &last) == 1
               ? 0
               : -1;
}
