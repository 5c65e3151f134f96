/* Signing secrets of webhooks in the form of the Standard Webhooks specification: whsec_ and base64 of 32 random bytes. In
 * Redis they are sealed; they are shown when they are made, and never again. */
#include "webhooks.h"

#include "common/random.h"
#include "common/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_BYTES = 32 };

static void place_of(char out[64], const char *wid)
{
    snprintf(out, 64, "webhook:%.40s", wid);
}

char *webhook_secret_new(const struct call *c, const char *wid, char out[WEBHOOK_SECRET_SIZE])
{
    uint8_t raw[SECRET_BYTES];
    char place[64];
    random_fill(raw, sizeof raw);
    memcpy(out, "whsec_", 6);
    EVP_EncodeBlock((uint8_t *)out + 6, raw, sizeof raw);
    OPENSSL_cleanse(raw, sizeof raw);
    place_of(place, wid);
    return seal_text(c->gateway->seal_keys, place, out);
}

bool webhook_secret_open(const struct call *c, const char *wid, const json_t *record, char out[WEBHOOK_SECRET_SIZE])
{
    char place[64];
    place_of(place, wid);
    char *plain = seal_open(c->gateway->seal_keys, place, json_text(record, "secret", ""));
    bool good = plain && strlen(plain) == WEBHOOK_SECRET_SIZE - 1;
    if (good)
        memcpy(out, plain, WEBHOOK_SECRET_SIZE);
    if (plain)
        explicit_bzero(plain, strlen(plain));
    free(plain);
    return good;
}
