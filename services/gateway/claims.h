/* What the server says to the program about who connects (proto/channel.md section 2). Pure. */
#ifndef BEISTAND_CLAIMS_H
#define BEISTAND_CLAIMS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

enum { CLAIMS_MAX = 3072, CLAIMS_SIGNATURE_SIZE = 87 }; /* bytes of JSON; base64url of 64 bytes with NUL */

struct claims {
    const char *session, *conn_id, *technician, *technician_name, *company_name, *feature, *mode;
    bool view_only;
    int64_t iat_ms, exp_ms;
};

/* Base64url of the claims' JSON, malloc'ed; NULL without memory or when they exceed CLAIMS_MAX. */
char *claims_text(const struct claims *c);
/* Ed25519 signature of that text as base64url. 0, or -1. */
int claims_sign(EVP_PKEY *key, const char *claims, char out[CLAIMS_SIGNATURE_SIZE]);

#endif
