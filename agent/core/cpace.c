/* See cpace.h. */
#include "cpace.h"

#include <sodium.h>
#include <string.h>

enum { SHA512_BLOCK = 128 };

static const char dsi[] = "CPaceRistretto255";
static const char dsi_isk[] = "CPaceRistretto255_ISK";

/* lv(): LEB128 length, then the bytes. Every length here is below 128. */
static void add(crypto_hash_sha512_state *h, const void *data, size_t n)
{
    uint8_t length = (uint8_t)n;
    crypto_hash_sha512_update(h, &length, 1);
    crypto_hash_sha512_update(h, data, n);
}

void cpace_generator(uint8_t out[CPACE_POINT_BYTES], const struct cpace_input *in)
{
    static const uint8_t zeros[SHA512_BLOCK];
    uint8_t digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_state h;
    size_t before = 1 + in->prs_size + 1 + sizeof dsi - 1 + 1;
    size_t padding = before < SHA512_BLOCK ? SHA512_BLOCK - before : 0;
    crypto_hash_sha512_init(&h);
    add(&h, dsi, sizeof dsi - 1);
    add(&h, in->prs, in->prs_size);
    add(&h, zeros, padding);
    add(&h, in->ci, in->ci_size);
    add(&h, in->sid, in->sid_size);
    crypto_hash_sha512_final(&h, digest);
    crypto_core_ristretto255_from_hash(out, digest);
    sodium_memzero(digest, sizeof digest);
}

int cpace_message(const struct cpace_input *in, const uint8_t scalar[CPACE_SCALAR_BYTES],
                  uint8_t message[CPACE_POINT_BYTES])
{
    uint8_t generator[CPACE_POINT_BYTES];
    cpace_generator(generator, in);
    int status = crypto_scalarmult_ristretto255(message, scalar, generator);
    sodium_memzero(generator, sizeof generator);
    return status;
}

int cpace_start(const struct cpace_input *in, uint8_t scalar[CPACE_SCALAR_BYTES],
                uint8_t message[CPACE_POINT_BYTES])
{
    crypto_core_ristretto255_scalar_random(scalar);
    return cpace_message(in, scalar, message);
}

int cpace_finish(const struct cpace_input *in, const uint8_t scalar[CPACE_SCALAR_BYTES],
                 const uint8_t peer[CPACE_POINT_BYTES], const uint8_t ya[CPACE_POINT_BYTES], const char *ada,
                 const uint8_t yb[CPACE_POINT_BYTES], const char *adb, uint8_t isk[CPACE_ISK_BYTES])
{
    uint8_t shared[CPACE_POINT_BYTES];
    crypto_hash_sha512_state h;
    if (crypto_core_ristretto255_is_valid_point(peer) != 1 ||
        crypto_scalarmult_ristretto255(shared, scalar, peer) != 0)
        return -1;
    crypto_hash_sha512_init(&h);
    add(&h, dsi_isk, sizeof dsi_isk - 1);
    add(&h, in->sid, in->sid_size);
    add(&h, shared, sizeof shared);
    add(&h, ya, CPACE_POINT_BYTES);
    add(&h, ada, strlen(ada));
    add(&h, yb, CPACE_POINT_BYTES);
    add(&h, adb, strlen(adb));
    crypto_hash_sha512_final(&h, isk);
    sodium_memzero(shared, sizeof shared);
    return 0;
}
