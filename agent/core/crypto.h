/* The cryptography of the channel (proto/channel.md section 3), the same on every system: digests and curves
 * come from libsodium, AES-GCM, PBKDF2 and SHA-1 from the system's library behind the seam at the end (OpenSSL on
 * Linux: crypto_openssl.c; CNG on Windows: agent/win/crypto_cng.c). */
#ifndef BEISTAND_CRYPTO_H
#define BEISTAND_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHA1_BYTES = 20,
    SHA256_BYTES = 32,
    KEY_BYTES = 32,
    GCM_NONCE_BYTES = 12,
    GCM_TAG_BYTES = 16,
    X25519_BYTES = 32,
    ED25519_PUBLIC_BYTES = 32,
    ED25519_SECRET_BYTES = 64,
    ED25519_SIGNATURE_BYTES = 64,
};

/* Once per process, before anything else. 0, or -1. */
int crypto_start(void);
void crypto_random(void *out, size_t n);
void crypto_wipe(void *p, size_t n);
/* In time that depends on n only. */
bool crypto_equal(const void *a, const void *b, size_t n);

struct sha256_part {
    const void *data;
    size_t size;
};
/* The digest of the parts one after the other; n parts. */
void crypto_sha256(uint8_t out[SHA256_BYTES], const struct sha256_part *parts, size_t n);
void crypto_hmac(uint8_t out[SHA256_BYTES], const void *key, size_t key_size, const void *data, size_t size);
/* HKDF-Expand (RFC 5869) of one block: out is 32 bytes, info a text. */
void crypto_expand(uint8_t out[KEY_BYTES], const uint8_t prk[SHA256_BYTES], const char *info);

/* x25519: -1 when the peer's key is of low order. */
void x25519_keypair(uint8_t public_key[X25519_BYTES], uint8_t secret[X25519_BYTES]);
int x25519_shared(uint8_t out[X25519_BYTES], const uint8_t secret[X25519_BYTES], const uint8_t peer[X25519_BYTES]);
void ed25519_keypair(uint8_t public_key[ED25519_PUBLIC_BYTES], uint8_t secret[ED25519_SECRET_BYTES]);
void ed25519_sign(uint8_t out[ED25519_SIGNATURE_BYTES], const void *data, size_t n,
                  const uint8_t secret[ED25519_SECRET_BYTES]);
bool ed25519_verify(const uint8_t signature[ED25519_SIGNATURE_BYTES], const void *data, size_t n,
                    const uint8_t public_key[ED25519_PUBLIC_BYTES]);

/* ---- the system's seam ---- */

/* PBKDF2-HMAC-SHA256, 32 bytes. 0, or -1. */
int crypto_pbkdf2(uint8_t out[KEY_BYTES], const char *password, const uint8_t *salt, size_t salt_size,
                  uint32_t iterations);

/* Only for what RFC 6455 wants of it: it protects nothing. All zeros when the system refuses. */
void crypto_sha1(uint8_t out[SHA1_BYTES], const void *data, size_t n);

/* AES-256-GCM with one key. NULL when the system refuses. */
struct gcm;
struct gcm *gcm_new(const uint8_t key[KEY_BYTES]);
void gcm_free(struct gcm *g);
/* out: n + GCM_TAG_BYTES bytes. 0, or -1. */
int gcm_seal(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], const void *aad, size_t aad_size,
             const uint8_t *in, size_t n, uint8_t *out);
/* n includes the tag; out: n - GCM_TAG_BYTES bytes. 0, or -1 when the tag does not fit (out is undefined). */
int gcm_open(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], const void *aad, size_t aad_size,
             const uint8_t *in, size_t n, uint8_t *out);

#endif
