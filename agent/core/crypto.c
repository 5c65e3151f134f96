/* See crypto.h: the part that libsodium does on every system. */
#include "crypto.h"

#include <sodium.h>
#include <string.h>

int crypto_start(void)
{
    return sodium_init() < 0 ? -1 : 0;
}

void crypto_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void crypto_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void crypto_sha256(uint8_t out[SHA256_BYTES], const struct sha256_part *parts, size_t n)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < n; i++)
        crypto_hash_sha256_update(&state, parts[i].data, parts[i].size);
    crypto_hash_sha256_final(&state, out);
}

void crypto_hmac(uint8_t out[SHA256_BYTES], const void *key, size_t key_size, const void *data, size_t size)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_final(&state, out);
}

void crypto_expand(uint8_t out[KEY_BYTES], const uint8_t prk[SHA256_BYTES], const char *info)
{
    static const uint8_t one = 1;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, prk, SHA256_BYTES);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)info, strlen(info));
    crypto_auth_hmacsha256_update(&state, &one, 1);
    crypto_auth_hmacsha256_final(&state, out);
}

void x25519_keypair(uint8_t public_key[X25519_BYTES], uint8_t secret[X25519_BYTES])
{
    randombytes_buf(secret, X25519_BYTES);
    crypto_scalarmult_curve25519_base(public_key, secret);
}

int x25519_shared(uint8_t out[X25519_BYTES], const uint8_t secret[X25519_BYTES], const uint8_t peer[X25519_BYTES])
{
    return crypto_scalarmult_curve25519(out, secret, peer);
}

void ed25519_keypair(uint8_t public_key[ED25519_PUBLIC_BYTES], uint8_t secret[ED25519_SECRET_BYTES])
{
    crypto_sign_ed25519_keypair(public_key, secret);
}

void ed25519_sign(uint8_t out[ED25519_SIGNATURE_BYTES], const void *data, size_t n,
                  const uint8_t secret[ED25519_SECRET_BYTES])
{
    crypto_sign_ed25519_detached(out, NULL, data, n, secret);
}

bool ed25519_verify(const uint8_t signature[ED25519_SIGNATURE_BYTES], const void *data, size_t n,
                    const uint8_t public_key[ED25519_PUBLIC_BYTES])
{
    return crypto_sign_ed25519_verify_detached(signature, data, n, public_key) == 0;
}
