/* Removal receipts: any text under a good signature, and any signature. */
#include "fuzz.h"

#include "activation/receipt.h"
#include "agent/core/crypto.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char label[] = "beistand receipt v1";
    static uint8_t message[sizeof label + 2 * RECEIPT_MAX];
    static char receipt[2 * RECEIPT_MAX];
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    char key[64], signature_text[100];
    b64url_encode(key, public_key, sizeof public_key);
    char *text = copy_text(data, size);
    HOLDS(!receipt_holds(text, text, key, "S") && !receipt_holds("e30", text, text, "S"));
    free(text);
    if (size > RECEIPT_MAX)
        return 0;
    b64url_encode(receipt, data, size);
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, receipt, strlen(receipt));
    ed25519_sign(signature, message, sizeof label + strlen(receipt), secret_key);
    b64url_encode(signature_text, signature, sizeof signature);
    HOLDS(!receipt_holds(receipt, signature_text, key, "S") || memmem(data, size, "session", 7));
    return 0;
}
