/* See receipt.h. */
#include "receipt.h"

#include "common/json.h"
#include "proto/c/b64url.h"

#include <openssl/evp.h>
#include <string.h>

enum { KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

static bool signature_holds(const char *receipt, const char *signature_text, const char *key_text)
{
    static const char label[] = "beistand receipt v1"; /* its NUL is signed too */
    uint8_t key[KEY_BYTES], signature[SIGNATURE_BYTES], message[sizeof label + RECEIPT_MAX];
    size_t n = strlen(receipt);
    if (n > RECEIPT_MAX || b64url_decode(key, sizeof key, key_text) != KEY_BYTES ||
        b64url_decode(signature, sizeof signature, signature_text) != SIGNATURE_BYTES)
        return false;
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, receipt, n);
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, sizeof key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = public && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) == 1 &&
              EVP_DigestVerify(ctx, signature, sizeof signature, message, sizeof label + n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    return ok;
}

static bool names_session(const char *receipt, const char *session)
{
    char error[128];
    uint8_t text[RECEIPT_MAX];
    int n = b64url_decode(text, sizeof text, receipt);
    json_t *json = n > 0 ? json_read((char *)text, (size_t)n, error) : NULL;
    bool same = strcmp(json_text(json, "session", ""), session) == 0;
    json_decref(json);
    return same;
}

bool receipt_holds(const char *receipt, const char *signature, const char *key, const char *session)
{
    return signature_holds(receipt, signature, key) && names_session(receipt, session);
}
