/* What servers derive instead of storing it: proto/vectors/derived.json. Secrets are read line by line from a file; a
 * wrong one is refused as a whole. */
#include "common/derive.h"
#include "common/log.h"
#include "common/random.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_link_code_and_agent_token_are_the_vectors(void **state)
{
    (void)state;
    const json_t *v = vectors("derived"), *one;
    struct secret_keys *keys = secret_keys_new(get_text(v, "keys"));
    size_t i;
    assert_non_null(keys);
    assert_string_equal(secret_keys_current(keys), get_text(v, "current"));
    json_array_foreach(get(v, "cases"), i, one)
    {
        char link[LINK_TOKEN_SIZE], code[CODE_PREFIX_SIZE], agent[SECRET_SIZE];
        const char *kid = get_text(one, "kid"), *sid = get_text(one, "session");
        unsigned generation = (unsigned)get_integer(one, "generation");
        assert_int_equal(derive_link_token(keys, kid, sid, generation, link), 0);
        assert_string_equal(link, get_text(one, "link_token"));
        assert_int_equal(derive_code_prefix(keys, kid, sid, generation, code), 0);
        assert_string_equal(code, get_text(one, "code"));
        assert_int_equal(derive_agent_token(keys, kid, sid, generation, get_text(one, "idempotency_key"), agent), 0);
        assert_string_equal(agent, get_text(one, "agent_token"));
    }
    secret_keys_free(keys);
}

static void test_nothing_is_derived_without_the_key_or_for_no_session(void **state)
{
    (void)state;
    const json_t *v = vectors("derived"), *one;
    struct secret_keys *keys = secret_keys_new(get_text(v, "keys"));
    size_t i;
    json_array_foreach(get(v, "refused"), i, one)
    {
        char link[LINK_TOKEN_SIZE], code[CODE_PREFIX_SIZE], agent[SECRET_SIZE];
        const char *kid = get_text(one, "kid"), *sid = get_text(one, "session");
        assert_int_equal(derive_link_token(keys, kid, sid, 1, link), -1);
        assert_int_equal(derive_code_prefix(keys, kid, sid, 1, code), -1);
        assert_int_equal(derive_agent_token(keys, kid, sid, 1, "key-0001", agent), -1);
    }
    secret_keys_free(keys);
}

static void test_an_agent_token_needs_an_idempotency_key_of_bounded_size(void **state)
{
    (void)state;
    const json_t *v = vectors("derived"), *one = json_array_get(get(v, "cases"), 0);
    struct secret_keys *keys = secret_keys_new(get_text(v, "keys"));
    char agent[SECRET_SIZE], key[600];
    memset(key, 'x', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_int_equal(derive_agent_token(keys, "k1", get_text(one, "session"), 1, NULL, agent), -1);
    assert_int_equal(derive_agent_token(keys, "k1", get_text(one, "session"), 1, key, agent), -1);
    secret_keys_free(keys);
}

static void test_malformed_key_files_are_refused_as_a_whole(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("derived"), "keys_refused"), i, one)
        assert_null(secret_keys_new(json_string_value(one)));
}

static void test_the_last_line_may_lack_its_end(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof text, "%s", get_text(vectors("derived"), "keys"));
    text[strlen(text) - 1] = '\0';
    struct secret_keys *keys = secret_keys_new(text);
    assert_non_null(keys);
    secret_keys_free(keys);
}

static void test_hexadecimal_is_read_whole_or_not(void **state)
{
    (void)state;
    uint8_t out[3];
    char text[7];
    assert_int_equal(from_hex(out, "00fFa9", 3), 0);
    assert_memory_equal(out, "\x00\xff\xa9", 3);
    to_hex(text, out, 3);
    assert_string_equal(text, "00ffa9");
    assert_int_equal(from_hex(out, "00ff", 3), -1);
    assert_int_equal(from_hex(out, "00ffa9aa", 3), -1);
    assert_int_equal(from_hex(out, "00f-a9", 3), -1);
    assert_int_equal(bucket_of_digest("7f00"), 63);
    assert_int_equal(bucket_of_digest("40"), 0);
    assert_int_equal(bucket_of_digest(""), -1);
    assert_int_equal(bucket_of_digest("z0"), -1);
}

static void test_digests_are_the_standards(void **state)
{
    (void)state;
    char hex[65];
    uint8_t mac[32], key[20], want[32];
    sha256_hex(hex, "abc", 3); /* FIPS 180-4 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(key, 0x0b, sizeof key);
    hmac_sha256(mac, key, sizeof key, "Hi There", 8); /* RFC 4231 case 1 */
    from_hex(want, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", 32);
    assert_memory_equal(mac, want, 32);
}

static void test_keys_of_a_bucket_share_its_tag(void **state)
{
    (void)state;
    char key[64], small[8];
    assert_string_equal(bucket_key(key, sizeof key, 7, "session", "abc"), "{s07}:session:abc");
    assert_string_equal(bucket_key(small, sizeof small, 63, "session", "abc"), "{s63}:s");
}

int main(void)
{
    log_init("test", LOG_ERROR + 1); /* what is refused here on purpose needs no line */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link_code_and_agent_token_are_the_vectors),
        cmocka_unit_test(test_nothing_is_derived_without_the_key_or_for_no_session),
        cmocka_unit_test(test_an_agent_token_needs_an_idempotency_key_of_bounded_size),
        cmocka_unit_test(test_malformed_key_files_are_refused_as_a_whole),
        cmocka_unit_test(test_the_last_line_may_lack_its_end),
        cmocka_unit_test(test_hexadecimal_is_read_whole_or_not),
        cmocka_unit_test(test_digests_are_the_standards),
        cmocka_unit_test(test_keys_of_a_bucket_share_its_tag),
    };
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
