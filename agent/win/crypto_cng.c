/* agent/core/crypto.h on Windows: AES-256-GCM, PBKDF2 and SHA-1 of CNG (bcrypt.h). */
#include "win.h"

#include "agent/core/crypto.h"

#include <bcrypt.h>
#include <stdlib.h>
#include <string.h>

struct gcm {
    BCRYPT_KEY_HANDLE key;
};

/* Opened once, kept for the life of the process. */
static BCRYPT_ALG_HANDLE aes_gcm(void)
{
    static BCRYPT_ALG_HANDLE handle;
    if (handle)
        return handle;
    if (BCryptOpenAlgorithmProvider(&handle, BCRYPT_AES_ALGORITHM, NULL, 0) != 0 ||
        BCryptSetProperty(handle, BCRYPT_CHAINING_MODE, (PUCHAR)BCRYPT_CHAIN_MODE_GCM, sizeof BCRYPT_CHAIN_MODE_GCM, 0) != 0)
        return NULL;
    return handle;
}

int crypto_pbkdf2(uint8_t out[KEY_BYTES], const char *password, const uint8_t *salt, size_t salt_size,
                  uint32_t iterations)
{
    BCRYPT_ALG_HANDLE hmac;
    if (BCryptOpenAlgorithmProvider(&hmac, BCRYPT_SHA256_ALGORITHM, NULL, BCRYPT_ALG_HANDLE_HMAC_FLAG) != 0)
        return -1;
    NTSTATUS status = BCryptDeriveKeyPBKDF2(hmac, (PUCHAR)password, (ULONG)strlen(password), (PUCHAR)salt, (ULONG)salt_size,
                                            iterations, out, KEY_BYTES, 0);
    BCryptCloseAlgorithmProvider(hmac, 0);
    return status == 0 ? 0 : -1;
}

void crypto_sha1(uint8_t out[SHA1_BYTES], const void *data, size_t n)
{
    BCRYPT_ALG_HANDLE sha1 = NULL;
    BCRYPT_HASH_HANDLE hash = NULL;
    if (BCryptOpenAlgorithmProvider(&sha1, BCRYPT_SHA1_ALGORITHM, NULL, 0) != 0 || BCryptCreateHash(sha1, &hash, NULL, 0, NULL, 0, 0) != 0 ||
        BCryptHashData(hash, (PUCHAR)data, (ULONG)n, 0) != 0 || BCryptFinishHash(hash, out, SHA1_BYTES, 0) != 0)
        memset(out, 0, SHA1_BYTES);
    if (hash)
        BCryptDestroyHash(hash);
    if (sha1)
        BCryptCloseAlgorithmProvider(sha1, 0);
}

struct gcm *gcm_new(const uint8_t key[KEY_BYTES])
{
    struct gcm *g = aes_gcm() ? calloc(1, sizeof *g) : NULL;
    if (g && BCryptGenerateSymmetricKey(aes_gcm(), &g->key, NULL, 0, (PUCHAR)key, KEY_BYTES, 0) != 0) {
        free(g);
        g = NULL;
    }
    return g;
}

void gcm_free(struct gcm *g)
{
    if (!g)
        return;
    BCryptDestroyKey(g->key);
    free(g);
}

static BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO mode_info(const uint8_t nonce[GCM_NONCE_BYTES], const void *aad,
                                                       size_t aad_size, uint8_t *tag)
{
    BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO info;
    BCRYPT_INIT_AUTH_MODE_INFO(info);
    info.pbNonce = (PUCHAR)nonce;
    info.cbNonce = GCM_NONCE_BYTES;
    info.pbAuthData = (PUCHAR)aad;
    info.cbAuthData = (ULONG)aad_size;
    info.pbTag = tag;
    info.cbTag = GCM_TAG_BYTES;
    return info;
}

int gcm_seal(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], const void *aad, size_t aad_size, const uint8_t *in,
             size_t n, uint8_t *out)
{
    ULONG size;
    BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO info = mode_info(nonce, aad, aad_size, out + n);
    return BCryptEncrypt(g->key, (PUCHAR)in, (ULONG)n, &info, NULL, 0, out, (ULONG)n, &size, 0) == 0 && size == n ? 0 : -1;
}

int gcm_open(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], const void *aad, size_t aad_size, const uint8_t *in,
             size_t n, uint8_t *out)
{
    ULONG size;
    uint8_t tag[GCM_TAG_BYTES];
    if (n < GCM_TAG_BYTES)
        return -1;
    n -= GCM_TAG_BYTES;
    memcpy(tag, in + n, GCM_TAG_BYTES);
    BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO info = mode_info(nonce, aad, aad_size, tag);
    return BCryptDecrypt(g->key, (PUCHAR)in, (ULONG)n, &info, NULL, 0, out, (ULONG)n, &size, 0) == 0 && size == n ? 0 : -1;
}
