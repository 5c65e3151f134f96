/* Offers and removal receipts against proto/vectors: the server signs what the program checks, and the other way round.
 * S-10 S-24 */
#include "activation/receipt.h"
#include "agent/core/offer.h"
#include "gateway/claims.h"
#include "proto/c/b64url.h"
#include "vectors.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct offer_keys offer_keys(const json_t *v)
{
    struct offer_keys keys = {0};
    const json_t *one;
    size_t i;
    json_array_foreach(get(v, "keys"), i, one) assert_int_equal(
        b64url_decode(keys.keys[keys.n++], ED25519_PUBLIC_BYTES, json_string_value(one)), ED25519_PUBLIC_BYTES);
    return keys;
}

static void test_the_program_takes_the_offers_the_vectors_say(void **state)
{
    (void)state;
    const json_t *v = vectors("offers"), *one;
    struct offer_keys keys = offer_keys(v);
    size_t i;
    json_array_foreach(get(v, "cases"), i, one)
    {
        struct offer offer;
        int status = offer_read(&offer, get_text(one, "claims"), get_text(one, "signature"), get_text(v, "conn_id"),
                                get_text(v, "session"), &keys, get_integer(one, "now"));
        if ((status == 0) != get_bool(one, "accepted"))
            fail_msg("%s: %d", get_text(one, "name"), status);
    }
}

static void test_an_offer_is_read_whole(void **state)
{
    (void)state;
    const json_t *v = vectors("offers"), *cases = get(v, "cases");
    struct offer_keys keys = offer_keys(v);
    struct offer offer;
    const json_t *one = json_array_get(cases, 0);
    assert_int_equal(offer_read(&offer, get_text(one, "claims"), get_text(one, "signature"), get_text(v, "conn_id"),
                                get_text(v, "session"), &keys, get_integer(one, "now")),
                     0);
    assert_string_equal(offer.technician_name, "Tina M\xc3\xbcller");
    assert_string_equal(offer.company_name, "Muster \"Support\" GmbH");
    assert_string_equal(offer.mode, "connect");
    assert_string_equal(offer.claims, get_text(one, "claims"));
    assert_true(offer.remote && !offer.view_only && offer.expires_ms == 1750000060000);
}

static void test_no_key_signs_nothing(void **state)
{
    (void)state;
    const json_t *v = vectors("offers"), *one = json_array_get(get(v, "cases"), 0);
    struct offer_keys none = {0};
    struct offer offer;
    static char big[OFFER_CLAIMS_MAX + 2];
    struct offer_keys keys = offer_keys(v);
    assert_int_equal(offer_read(&offer, get_text(one, "claims"), get_text(one, "signature"), get_text(v, "conn_id"),
                                get_text(v, "session"), &none, 1),
                     -1);
    memset(big, 'A', sizeof big - 1);
    assert_int_equal(offer_read(&offer, big, get_text(one, "signature"), "C", "S", &keys, 1), -1);
}

static EVP_PKEY *private_key(const char *seed)
{
    uint8_t raw[32];
    struct blob b = unhex(seed);
    assert_int_equal(b.n, sizeof raw);
    memcpy(raw, b.data, sizeof raw);
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
}

static void test_the_gateway_makes_the_vectors_claims_and_signature(void **state)
{
    (void)state;
    const json_t *v = vectors("offers"), *one = json_array_get(get(v, "cases"), 0);
    json_t *given = json_loads(get_text(one, "claims_json"), 0, NULL);
    struct claims claims = {.session = get_text(given, "session"),
                            .conn_id = get_text(given, "conn_id"),
                            .technician = get_text(given, "technician"),
                            .technician_name = get_text(given, "technician_name"),
                            .company_name = get_text(given, "company_name"),
                            .feature = "remote",
                            .mode = get_text(given, "mode"),
                            .iat_ms = get_integer(given, "iat"),
                            .exp_ms = get_integer(given, "exp")};
    char signature[CLAIMS_SIGNATURE_SIZE];
    EVP_PKEY *key = private_key(json_string_value(json_array_get(get(v, "seeds"), 0)));
    char *text = claims_text(&claims);
    assert_string_equal(text, get_text(one, "claims"));
    assert_int_equal(claims_sign(key, text, signature), 0);
    assert_string_equal(signature, get_text(one, "signature"));
    free(text);
    EVP_PKEY_free(key);
    json_decref(given);
}

/* What the gateway may sign the program can take: both limits fit together. */
static void test_the_largest_claims_still_fit_the_program(void **state)
{
    (void)state;
    char *name = calloc(1, CLAIMS_MAX + 1);
    struct claims claims = {.session = "S",
                            .conn_id = "C",
                            .technician = "T",
                            .technician_name = "N",
                            .company_name = name,
                            .feature = "remote",
                            .mode = "pair",
                            .iat_ms = 1,
                            .exp_ms = 2};
    memset(name, 'x', CLAIMS_MAX);
    assert_null(claims_text(&claims));
    memset(name + 2800, 0, CLAIMS_MAX - 2800);
    char *text = claims_text(&claims);
    assert_non_null(text);
    assert_true(strlen(text) <= OFFER_CLAIMS_MAX);
    free(text);
    free(name);
}

static void test_receipts_hold_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *v = vectors("receipts"), *one;
    size_t i;
    json_array_foreach(get(v, "cases"), i, one)
    {
        bool holds = receipt_holds(get_text(one, "receipt"), get_text(one, "signature"), get_text(v, "key"),
                                   get_text(v, "session"));
        if (holds != get_bool(one, "accepted"))
            fail_msg("%s", get_text(one, "name"));
    }
}

static void test_a_receipt_needs_key_signature_and_bounds(void **state)
{
    (void)state;
    const json_t *v = vectors("receipts"), *one = json_array_get(get(v, "cases"), 0);
    static const char *const bad_keys[] = {"", "A", "AAAA", "====", NULL};
    const char *receipt = get_text(one, "receipt"), *signature = get_text(one, "signature"),
               *session = get_text(v, "session");
    for (const char *const *key = bad_keys; *key; key++) {
        assert_false(receipt_holds(receipt, signature, *key, session));
        assert_false(receipt_holds(receipt, *key, get_text(v, "key"), session));
    }
    char *big = malloc(RECEIPT_MAX + 2);
    memset(big, 'A', RECEIPT_MAX + 1);
    big[RECEIPT_MAX + 1] = '\0';
    assert_false(receipt_holds(big, signature, get_text(v, "key"), session));
    free(big);
}

static void test_the_programs_own_signature_is_the_vectors(void **state)
{
    (void)state;
    const json_t *v = vectors("receipts"), *one = json_array_get(get(v, "cases"), 0);
    static const char label[] = "beistand receipt v1";
    uint8_t seed[32], public_key[32], secret[64], signature[64], message[1024];
    char text[100];
    get_bytes(v, "seed", seed, sizeof seed);
    crypto_sign_seed_keypair(public_key, secret, seed);
    const char *receipt = get_text(one, "receipt");
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, receipt, strlen(receipt));
    ed25519_sign(signature, message, sizeof label + strlen(receipt), secret);
    b64url_encode(text, signature, sizeof signature);
    assert_string_equal(text, get_text(one, "signature"));
    b64url_encode(text, public_key, sizeof public_key);
    assert_string_equal(text, get_text(v, "key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_program_takes_the_offers_the_vectors_say),
        cmocka_unit_test(test_an_offer_is_read_whole),
        cmocka_unit_test(test_no_key_signs_nothing),
        cmocka_unit_test(test_the_gateway_makes_the_vectors_claims_and_signature),
        cmocka_unit_test(test_the_largest_claims_still_fit_the_program),
        cmocka_unit_test(test_receipts_hold_as_the_vectors_say),
        cmocka_unit_test(test_a_receipt_needs_key_signature_and_bounds),
        cmocka_unit_test(test_the_programs_own_signature_is_the_vectors),
    };
    if (crypto_start() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
