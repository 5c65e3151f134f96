/* ID tokens: signatures by keys of a JWK set, the claims, and addresses that must not be asked. Keys are made here; that
 * others' tokens are understood is shown against a real provider (tests/system/test_oidc.py). S-70 */
#include "services/gateway/jws.h"

#include "common/address.h"
#include "proto/c/b64url.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static EVP_PKEY *rsa, *ec;

static void put_number(json_t *jwk, const char *name, EVP_PKEY *key, const char *param, size_t size)
{
    uint8_t raw[512];
    char text[700];
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, param, &n), 1);
    size_t used = size ? size : (size_t)BN_num_bytes(n);
    assert_true(BN_bn2binpad(n, raw, (int)used) > 0);
    b64url_encode(text, raw, used);
    json_object_set_new(jwk, name, json_string(text));
    BN_free(n);
}

static json_t *key_set(void)
{
    json_t *first = json_pack("{ss ss ss}", "kty", "RSA", "kid", "r1", "alg", "RS256");
    json_t *second = json_pack("{ss ss ss ss}", "kty", "EC", "kid", "e1", "crv", "P-256", "use", "sig");
    put_number(first, "n", rsa, OSSL_PKEY_PARAM_RSA_N, 0);
    put_number(first, "e", rsa, OSSL_PKEY_PARAM_RSA_E, 0);
    put_number(second, "x", ec, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    put_number(second, "y", ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    return json_pack("{s[oo]}", "keys", first, second);
}

static size_t sign(EVP_PKEY *key, const char *text, uint8_t *out)
{
    size_t size = 512;
    uint8_t der[512];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &size, (const uint8_t *)text, strlen(text)), 1);
    EVP_MD_CTX_free(ctx);
    if (key == rsa) {
        memcpy(out, der, size);
        return size;
    }
    const uint8_t *at = der;
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &at, (long)size);
    BN_bn2binpad(ECDSA_SIG_get0_r(s), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(s), out + 32, 32);
    ECDSA_SIG_free(s);
    return 64;
}

static void append_dot(char *out)
{
    memcpy(out + strlen(out), ".", 2);
}

/* A compact JWS; key NULL: an empty signature. */
static char *token(const char *header, const char *payload, EVP_PKEY *key)
{
    static char out[4096];
    uint8_t signature[512];
    b64url_encode(out, header, strlen(header));
    append_dot(out);
    b64url_encode(out + strlen(out), payload, strlen(payload));
    size_t size = key ? sign(key, out, signature) : 0;
    append_dot(out);
    b64url_encode(out + strlen(out), signature, size);
    return out;
}

static void check(const char *text, bool good, bool expect_unknown)
{
    bool unknown;
    json_t *set = key_set(), *payload = jws_verify(text, set, &unknown);
    assert_int_equal(payload != NULL, good);
    assert_int_equal(unknown, expect_unknown);
    json_decref(payload);
    json_decref(set);
}

static void test_both_algorithms_verify(void **state)
{
    (void)state;
    check(token("{\"alg\":\"RS256\",\"kid\":\"r1\"}", "{\"sub\":\"x\"}", rsa), true, false);
    check(token("{\"alg\":\"ES256\",\"kid\":\"e1\"}", "{\"sub\":\"x\"}", ec), true, false);
    check(token("{\"alg\":\"ES256\"}", "{\"sub\":\"x\"}", ec), true, false);
}

static void test_what_nobody_signed_is_refused(void **state)
{
    (void)state;
    char *text = token("{\"alg\":\"RS256\",\"kid\":\"r1\"}", "{\"sub\":\"x\"}", rsa);
    strchr(text, '.')[3] ^= 1;
    check(text, false, false);
    check(token("{\"alg\":\"none\"}", "{\"sub\":\"x\"}", NULL), false, false);
    check(token("{\"alg\":\"none\"}", "{\"sub\":\"x\"}", rsa), false, false);
    check(token("{\"alg\":\"HS256\",\"kid\":\"r1\"}", "{\"sub\":\"x\"}", rsa), false, false);
    check(token("{\"alg\":\"RS256\",\"kid\":\"e1\"}", "{\"sub\":\"x\"}", rsa), false, true);
    check(token("{\"alg\":\"ES256\",\"kid\":\"r1\"}", "{\"sub\":\"x\"}", ec), false, true);
    check(token("{\"alg\":\"RS256\",\"kid\":\"new\"}", "{\"sub\":\"x\"}", rsa), false, true);
    check(token("{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":[\"b64\"]}", "{\"sub\":\"x\"}", rsa), false, false);
    check(token("{\"alg\":\"RS256\",\"kid\":\"r1\"}", "[1]", rsa), false, false);
    check("", false, false);
    check("a.b", false, false);
    check("..", false, false);
    check("e30.e30.AA==", false, false);
}

static void test_short_rsa_keys_are_not_used(void **state)
{
    (void)state;
    bool unknown;
    EVP_PKEY *strong = rsa;
    rsa = EVP_RSA_gen(1024);
    json_t *set = key_set();
    char *text = token("{\"alg\":\"RS256\",\"kid\":\"r1\"}", "{\"sub\":\"x\"}", rsa);
    assert_null(jws_verify(text, set, &unknown));
    json_decref(set);
    EVP_PKEY_free(rsa);
    rsa = strong;
}

static const char *wrong(const char *text)
{
    json_t *claims = json_loads(text, 0, NULL);
    assert_non_null(claims);
    const char *why = id_token_wrong(claims, "https://idp", "me", "n-1", 1000);
    json_decref(claims);
    return why;
}

#define CLAIMS(changed) "{\"iss\":\"https://idp\",\"aud\":\"me\",\"exp\":2000,\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"" changed "}"

static void test_claims_must_be_for_this_client_and_sign_in(void **state)
{
    (void)state;
    assert_null(wrong(CLAIMS("")));
    assert_null(wrong("{\"iss\":\"https://idp\",\"aud\":[\"me\",\"you\"],\"azp\":\"me\",\"exp\":2000,\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"}"));
    assert_non_null(wrong("{\"iss\":\"https://idp\",\"aud\":[\"me\",\"you\"],\"exp\":2000,\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"}"));
    assert_string_equal(wrong("{\"iss\":\"https://idp/\",\"aud\":\"me\",\"exp\":2000,\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"}"), "another issuer");
    assert_string_equal(wrong("{\"iss\":\"https://idp\",\"aud\":\"you\",\"exp\":2000,\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"}"), "another client");
    assert_string_equal(wrong(CLAIMS(",\"azp\":\"you\"")), "another client");
    assert_string_equal(wrong("{\"iss\":\"https://idp\",\"aud\":\"me\",\"exp\":940,\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"}"), "expired");
    assert_string_equal(wrong("{\"iss\":\"https://idp\",\"aud\":\"me\",\"iat\":900,\"nonce\":\"n-1\",\"sub\":\"s\"}"), "expired");
    assert_non_null(wrong("{\"iss\":\"https://idp\",\"aud\":\"me\",\"exp\":2000,\"iat\":1100,\"nonce\":\"n-1\",\"sub\":\"s\"}"));
    assert_non_null(wrong(CLAIMS(",\"nbf\":1100")));
    assert_non_null(wrong("{\"iss\":\"https://idp\",\"aud\":\"me\",\"exp\":2000,\"iat\":900,\"nonce\":\"n-2\",\"sub\":\"s\"}"));
    assert_non_null(wrong("{\"iss\":\"https://idp\",\"aud\":\"me\",\"exp\":2000,\"iat\":900,\"sub\":\"s\"}"));
    assert_non_null(wrong("{\"iss\":\"https://idp\",\"aud\":\"me\",\"exp\":2000,\"iat\":900,\"nonce\":\"n-1\"}"));
}

static void test_only_verified_addresses_count(void **state)
{
    (void)state;
    static const char *const texts[][2] = {{"{\"email\":\"a@b.de\",\"email_verified\":true}", "a@b.de"},
                                           {"{\"email\":\"a@b.de\",\"email_verified\":false}", ""},
                                           {"{\"email\":\"a@b.de\",\"email_verified\":\"true\"}", ""},
                                           {"{\"email\":\"a@b.de\"}", ""}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *claims = json_loads(texts[i][0], 0, NULL);
        assert_string_equal(verified_email(claims), texts[i][1]);
        json_decref(claims);
    }
}

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_public((const struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_is_public((const struct sockaddr *)&v6);
}

static void test_private_addresses_in_all_their_disguises(void **state)
{
    (void)state;
    static const char *const own[] = {"127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                                      "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1",
                                      "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1",
                                      "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1"};
    static const char *const theirs[] = {"1.1.1.1", "9.255.255.255", "11.0.0.1", "172.15.255.255", "172.32.0.1", "100.63.255.255",
                                         "100.128.0.1", "192.169.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
                                         "::ffff:8.8.8.8"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (is_public(own[i]))
            fail_msg("%s passes as public", own[i]);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (!is_public(theirs[i]))
            fail_msg("%s is refused", theirs[i]);
}

static int make_keys(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    return rsa && ec ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_algorithms_verify),
        cmocka_unit_test(test_what_nobody_signed_is_refused),
        cmocka_unit_test(test_short_rsa_keys_are_not_used),
        cmocka_unit_test(test_claims_must_be_for_this_client_and_sign_in),
        cmocka_unit_test(test_only_verified_addresses_count),
        cmocka_unit_test(test_private_addresses_in_all_their_disguises),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
