/* See claims.h. */
#include "claims.h"

#include "common/json.h"
#include "proto/c/b64url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE = 64 };

static const char label[] = "beistand offer v1"; /* its NUL is part of what is signed */

char *claims_text(const struct claims *c)
{
    json_t *claims = json_pack("{si ss ss ss ss ss}", "v", 1, "session", c->session, "conn_id", c->conn_id, "technician",
                               c->technician, "technician_name", c->technician_name, "company_name", c->company_name);
    json_t *rest = json_pack("{ss sI sI}", "mode", c->mode, "iat", (json_int_t)c->iat_ms, "exp", (json_int_t)c->exp_ms);
    json_object_update(claims, c->grant);
    json_object_update(claims, rest);
    json_decref(rest);
    char *text = json_compact(claims);
    json_decref(claims);
    size_t n = text ? strlen(text) : 0;
    char *out = n > 0 && n <= CLAIMS_MAX ? malloc(b64url_size(n) + 1) : NULL;
    if (out)
        b64url_encode(out, text, n);
    free(text);
    return out;
}

int claims_sign(EVP_PKEY *key, const char *claims, char out[CLAIMS_SIGNATURE_SIZE])
{
    uint8_t message[sizeof label + CLAIMS_MAX * 2], signature[SIGNATURE];
    size_t n = strlen(claims), size = sizeof signature;
    if (n > CLAIMS_MAX * 2)
        return -1;
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, claims, n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(ctx, signature, &size, message, sizeof label + n) == 1 && size == sizeof signature;
    EVP_MD_CTX_free(ctx);
    if (ok)
        b64url_encode(out, signature, sizeof signature);
    return ok ? 0 : -1;
}
