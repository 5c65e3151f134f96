/* Claims that the right key has signed, whatever they say: the program takes only what is whole, for it and in time. */
#include "fuzz.h"

#include "agent/core/offer.h"
#include "proto/c/b64url.h"
#include "tests/unit/scripted_random.h"

static uint8_t public_key[ED25519_PUBLIC_BYTES], secret_key[ED25519_SECRET_BYTES];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scripted_random_start();
    ed25519_keypair(public_key, secret_key);
    return 0;
}

static void sign(const char *claims, char signature_text[100])
{
    static const char label[] = "beistand offer v1";
    static uint8_t message[sizeof label + OFFER_CLAIMS_MAX];
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, claims, strlen(claims));
    ed25519_sign(signature, message, sizeof label + strlen(claims), secret_key);
    b64url_encode(signature_text, signature, sizeof signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct offer_keys keys = {.n = 1};
    struct offer offer;
    char signature[100], claims[OFFER_CLAIMS_MAX + 1];
    uint8_t how = take_byte(&data, &size);
    memcpy(keys.keys[0], public_key, sizeof public_key);
    if (how & 1) { /* the text itself, as a relay could send it */
        char *text = copy_text(data, size);
        HOLDS(offer_read(&offer, text, text, "C", "S", &keys, 1) == -1);
        free(text);
        return 0;
    }
    if (b64url_size(size) > OFFER_CLAIMS_MAX)
        return 0;
    b64url_encode(claims, data, size);
    sign(claims, signature);
    if (offer_read(&offer, claims, signature, "C", "S", &keys, 1000) == 0) {
        HOLDS(strcmp(offer.conn_id, "C") == 0 && strcmp(offer.session, "S") == 0 && offer.expires_ms > 1000);
        HOLDS(strcmp(offer.claims, claims) == 0);
    }
    return 0;
}
