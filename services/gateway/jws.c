/* See jws.h. */
#include "jws.h"

#include "proto/c/b64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 4096, SIGNATURE_MAX = 1024, NUMBER_MAX = 1024, RSA_BITS_MIN = 2048, P256 = 32, SKEW_S = 60 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- keys ---- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *b)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static BIGNUM *number(const json_t *jwk, const char *name)
{
    uint8_t raw[NUMBER_MAX];
    int n = b64url_decode(raw, sizeof raw, text_of(jwk, name));
    return n > 0 ? BN_bin2bn(raw, n, NULL) : NULL;
}

static EVP_PKEY *rsa_key(const json_t *jwk)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = number(jwk, "n"), *e = number(jwk, "e");
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    if (n && e && b && BN_num_bits(n) >= RSA_BITS_MIN && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = from_params("RSA", b);
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *p256_key(const json_t *jwk)
{
    EVP_PKEY *key = NULL;
    uint8_t point[1 + 2 * P256] = {4}; /* SEC 1: uncompressed */
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    if (b && strcmp(text_of(jwk, "crv"), "P-256") == 0 && b64url_decode(point + 1, P256, text_of(jwk, "x")) == P256 &&
        b64url_decode(point + 1 + P256, P256, text_of(jwk, "y")) == P256 &&
        OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        key = from_params("EC", b);
    OSSL_PARAM_BLD_free(b);
    return key;
}

/* ---- signatures ---- */

static bool verify(EVP_PKEY *key, const uint8_t *signature, size_t size, const char *text, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(ctx, signature, size, (const uint8_t *)text, n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* RFC 7518 section 3.4: r and s side by side; OpenSSL takes DER. */
static bool verify_es256(EVP_PKEY *key, const uint8_t *signature, size_t size, const char *text, size_t n)
{
    uint8_t *der = NULL;
    ECDSA_SIG *s = size == 2 * P256 ? ECDSA_SIG_new() : NULL;
    BIGNUM *r1 = s ? BN_bin2bn(signature, P256, NULL) : NULL, *s1 = s ? BN_bin2bn(signature + P256, P256, NULL) : NULL;
    bool ok = false;
    if (r1 && s1 && ECDSA_SIG_set0(s, r1, s1) == 1) {
        r1 = s1 = NULL;
        int der_size = i2d_ECDSA_SIG(s, &der);
        ok = der_size > 0 && verify(key, der, (size_t)der_size, text, n);
    }
    BN_free(r1);
    BN_free(s1);
    OPENSSL_free(der);
    ECDSA_SIG_free(s);
    return ok;
}

static bool suits(const json_t *jwk, const char *alg, const char *kid)
{
    const char *use = text_of(jwk, "use"), *own = text_of(jwk, "alg");
    const char *type = strcmp(alg, "RS256") == 0 ? "RSA" : "EC";
    return strcmp(text_of(jwk, "kty"), type) == 0 && (!*use || strcmp(use, "sig") == 0) && (!*own || strcmp(own, alg) == 0) &&
           (!*kid || strcmp(text_of(jwk, "kid"), kid) == 0);
}

static bool signed_by(const json_t *jwk, const char *alg, const uint8_t *signature, size_t size, const char *text, size_t n)
{
    bool rsa = strcmp(alg, "RS256") == 0;
    EVP_PKEY *key = rsa ? rsa_key(jwk) : p256_key(jwk);
    bool ok = key && (rsa ? verify : verify_es256)(key, signature, size, text, n);
    EVP_PKEY_free(key);
    return ok;
}

/* ---- the token ---- */

/* One of the three parts as an object. New, or NULL. */
static json_t *part(const char *text, size_t size, size_t max)
{
    char *copy = size <= max ? strndup(text, size) : NULL;
    uint8_t *raw = copy ? malloc(size + 1) : NULL;
    int n = raw ? b64url_decode(raw, size, copy) : -1;
    json_t *object = n > 0 ? json_loadb((const char *)raw, (size_t)n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(raw);
    free(copy);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

static bool checks_out(const char *token, size_t signed_size, const json_t *header, const json_t *key_set, bool *unknown)
{
    uint8_t signature[SIGNATURE_MAX];
    const char *alg = text_of(header, "alg"), *kid = text_of(header, "kid");
    int size = b64url_decode(signature, sizeof signature, token + signed_size + 1);
    /* "none" and everything symmetric are not among what we know. */
    if (size <= 0 || (strcmp(alg, "RS256") != 0 && strcmp(alg, "ES256") != 0) || json_object_get(header, "crit"))
        return false;
    const json_t *keys = json_object_get(key_set, "keys");
    *unknown = true;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *jwk = json_array_get(keys, i);
        if (!suits(jwk, alg, kid))
            continue;
        *unknown = false;
        if (signed_by(jwk, alg, signature, (size_t)size, token, signed_size))
            return true;
    }
    return false;
}

json_t *jws_verify(const char *token, const json_t *key_set, bool *unknown)
{
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    *unknown = false;
    if (!second || strlen(token) > JWS_MAX)
        return NULL;
    json_t *header = part(token, (size_t)(first - token), HEADER_MAX), *payload = NULL;
    if (header && checks_out(token, (size_t)(second - token), header, key_set, unknown))
        payload = part(first + 1, (size_t)(second - first - 1), JWS_MAX);
    json_decref(header);
    return payload;
}

/* ---- the claims ---- */

static bool for_client(const json_t *claims, const char *client_id)
{
    const json_t *aud = json_object_get(claims, "aud");
    const char *azp = text_of(claims, "azp");
    bool named = json_is_string(aud) && strcmp(json_string_value(aud), client_id) == 0;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        named |= one && strcmp(one, client_id) == 0;
    }
    if (json_array_size(aud) > 1 && !*azp)
        return false;
    return named && (!*azp || strcmp(azp, client_id) == 0);
}

const char *id_token_wrong(const json_t *claims, const char *issuer, const char *client_id, const char *nonce, int64_t now_s)
{
    const json_t *exp = json_object_get(claims, "exp"), *iat = json_object_get(claims, "iat");
    const json_t *nbf = json_object_get(claims, "nbf");
    if (strcmp(text_of(claims, "iss"), issuer) != 0)
        return "another issuer";
    if (!for_client(claims, client_id))
        return "another client";
    if (!json_is_number(exp) || (int64_t)json_number_value(exp) <= now_s - SKEW_S)
        return "expired";
    if (!json_is_number(iat) || (int64_t)json_number_value(iat) > now_s + SKEW_S)
        return "issued in the future";
    if (nbf && (!json_is_number(nbf) || (int64_t)json_number_value(nbf) > now_s + SKEW_S))
        return "not valid yet";
    if (!*nonce || strcmp(text_of(claims, "nonce"), nonce) != 0)
        return "another sign-in's nonce";
    if (!*text_of(claims, "sub"))
        return "no subject";
    return NULL;
}

const char *verified_email(const json_t *claims)
{
    return json_is_true(json_object_get(claims, "email_verified")) ? text_of(claims, "email") : "";
}
