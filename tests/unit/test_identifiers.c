/* proto/c against proto/vectors/identifiers.json and codes.json: base32, link tokens as people type and rename them,
 * the code's check digit; base64url and the byte cursors at their limits. S-3 S-5 */
#include "common/derive.h"
#include "proto/c/b64url.h"
#include "proto/c/bytes.h"
#include "proto/c/crockford.h"
#include "proto/c/damm.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void test_base32_is_the_vectors(void **state)
{
    (void)state;
    const json_t *v = vectors("identifiers"), *one;
    size_t i;
    json_array_foreach(get(v, "base32"), i, one)
    {
        struct blob data = get_blob(one, "hex");
        char text[64];
        uint8_t back[CROCKFORD_MAX];
        crockford_encode(text, data.data, data.n);
        assert_string_equal(text, get_text(one, "text"));
        assert_int_equal(strlen(text), crockford_size(data.n));
        assert_int_equal(crockford_decode(back, data.n, text), 0);
        assert_memory_equal(back, data.data, data.n);
    }
    json_array_foreach(get(v, "base32_refused"), i, one)
    {
        uint8_t out[CROCKFORD_MAX];
        assert_int_equal(crockford_decode(out, (size_t)get_integer(one, "bytes"), get_text(one, "text")), -1);
    }
}

static void test_ids_and_secrets_name_their_bucket(void **state)
{
    (void)state;
    const json_t *v = vectors("identifiers"), *one;
    size_t i;
    json_array_foreach(get(v, "ids"), i, one)
        assert_int_equal(bucket_of_id(get_text(one, "text")), get_integer(one, "bucket"));
    json_array_foreach(get(v, "secrets"), i, one)
        assert_int_equal(bucket_of_secret(get_text(one, "text")), get_integer(one, "bucket"));
}

static void test_new_ids_are_different_and_in_their_bucket(void **state)
{
    (void)state;
    char a[ID_SIZE], b[ID_SIZE], secret[SECRET_SIZE];
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        new_id(a, bucket);
        new_id(b, bucket);
        new_secret(secret, bucket);
        assert_int_equal(bucket_of_id(a), bucket);
        assert_int_equal(bucket_of_secret(secret), bucket);
        assert_string_not_equal(a, b);
    }
}

static void test_link_tokens_are_the_vectors(void **state)
{
    (void)state;
    const json_t *v = get(vectors("identifiers"), "link_tokens"), *one;
    size_t i;
    json_array_foreach(get(v, "tokens"), i, one)
    {
        struct blob data = get_blob(one, "hex");
        char text[LINK_TOKEN_TEXT + 1], read[LINK_TOKEN_TEXT + 1], typed[LINK_TYPED_SIZE];
        assert_int_equal(data.n, LINK_TOKEN_BYTES);
        link_token_encode(text, data.data);
        assert_string_equal(text, get_text(one, "text"));
        link_token_typed(typed, text);
        assert_string_equal(typed, get_text(one, "typed"));
        assert_int_equal(link_token_read(text, read), get_integer(one, "bucket"));
        assert_string_equal(read, text);
    }
}

static void test_typed_tokens_are_read_or_refused(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(get(vectors("identifiers"), "link_tokens"), "read"), i, one)
    {
        char text[LINK_TOKEN_TEXT + 1];
        int bucket = link_token_read(get_text(one, "typed"), text);
        assert_int_equal(bucket >= 0, !is_null(one, "text"));
        if (bucket >= 0)
            assert_string_equal(text, get_text(one, "text"));
    }
}

static void test_every_wrong_character_and_swap_is_found(void **state)
{
    (void)state;
    const json_t *one;
    size_t number;
    json_array_foreach(get(get(vectors("identifiers"), "link_tokens"), "tokens"), number, one)
    {
        const char *text = get_text(one, "text");
        char changed[LINK_TOKEN_TEXT + 1], out[LINK_TOKEN_TEXT + 1];
        for (size_t i = 0; i < LINK_TOKEN_TEXT; i++) {
            for (const char *c = alphabet; *c; c++) {
                memcpy(changed, text, sizeof changed);
                changed[i] = *c;
                assert_int_equal(link_token_read(changed, out) >= 0, *c == text[i]);
            }
            memcpy(changed, text, sizeof changed);
            if (i + 1 < LINK_TOKEN_TEXT && text[i] != text[i + 1]) {
                changed[i] = text[i + 1];
                changed[i + 1] = text[i];
                assert_int_equal(link_token_read(changed, out), -1);
            }
        }
    }
}

static void test_tokens_are_found_in_file_names_and_links(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(get(vectors("identifiers"), "link_tokens"), "found"), i, one)
    {
        char text[LINK_TOKEN_TEXT + 1] = "";
        int bucket = link_token_find(get_text(one, "in"), text);
        if (is_null(one, "text") ? bucket >= 0 : bucket < 0 || strcmp(text, get_text(one, "text")) != 0)
            fail_msg("in %s: found %s", get_text(one, "in"), bucket < 0 ? "nothing" : text);
    }
}

static void test_only_the_first_kilobyte_is_searched(void **state)
{
    (void)state;
    const json_t *tokens = get(get(vectors("identifiers"), "link_tokens"), "tokens");
    char text[1200], out[LINK_TOKEN_TEXT + 1];
    memset(text, '.', sizeof text);
    snprintf(text + 1100, sizeof text - 1100, "%s", get_text(json_array_get(tokens, 0), "text"));
    assert_int_equal(link_token_find(text, out), -1);
    snprintf(text + 900, sizeof text - 900, "%s", get_text(json_array_get(tokens, 0), "text"));
    assert_int_equal(link_token_find(text, out), get_integer(json_array_get(tokens, 0), "bucket"));
}

static void test_the_check_digit_is_the_vectors(void **state)
{
    (void)state;
    const json_t *v = vectors("codes"), *one;
    size_t i;
    json_array_foreach(get(v, "check_digits"), i, one)
    {
        const char *digits = get_text(one, "digits");
        assert_int_equal(damm_check_digit(digits, strlen(digits)), get_text(one, "check")[0]);
    }
    json_array_foreach(get(v, "refused"), i, one)
        assert_false(damm_valid(json_string_value(one), json_string_length(one)));
}

static void test_every_wrong_digit_and_swap_is_found(void **state)
{
    (void)state;
    const json_t *one;
    size_t number;
    json_array_foreach(get(vectors("codes"), "valid"), number, one)
    {
        const char *code = json_string_value(one);
        char changed[9];
        assert_int_equal(strlen(code), 8);
        for (int i = 0; i < 8; i++) {
            for (char d = '0'; d <= '9'; d++) {
                memcpy(changed, code, sizeof changed);
                changed[i] = d;
                assert_int_equal(damm_valid(changed, 8), d == code[i]);
            }
            memcpy(changed, code, sizeof changed);
            if (i < 7 && code[i] != code[i + 1]) {
                changed[i] = code[i + 1];
                changed[i + 1] = code[i];
                assert_false(damm_valid(changed, 8));
            }
        }
    }
}

static void test_base64url_is_canonical(void **state)
{
    (void)state;
    static const char *const bad[] = {"A", "AAAAA", "AA==", "AB", "AAB", "A+", "A/", "A A", "AA\n", "\xc3\xa4"};
    uint8_t data[70], back[70];
    char text[100];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t n = 0; n <= sizeof data; n++) {
        b64url_encode(text, data, n);
        assert_int_equal(strlen(text), b64url_size(n));
        assert_int_equal(b64url_decode(back, n, text), n);
        assert_memory_equal(back, data, n);
        if (n > 0)
            assert_int_equal(b64url_decode(back, n - 1, text), -1);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(b64url_decode(back, sizeof back, bad[i]), -1);
    b64url_encode(text, "\xfb\xff\xbf", 3);
    assert_string_equal(text, "-_-_"); /* RFC 4648 section 5 */
}

static void test_a_reader_fails_once_and_for_good(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct byte_reader r;
    uint8_t out[4] = {0xAA, 0xAA, 0xAA, 0xAA};
    bytes_read_init(&r, data, sizeof data);
    assert_int_equal(bytes_u8(&r), 1);
    assert_int_equal(bytes_u16(&r), 0x0203);
    assert_int_equal(bytes_u32(&r), 0x04050607);
    assert_true(bytes_u64(&r) == 0x08090a0b0c0d0e0f);
    assert_true(bytes_finished(&r));
    assert_null(bytes_take(&r, 1));
    assert_false(bytes_finished(&r));
    bytes_read_init(&r, data, 3);
    assert_false(bytes_copy(&r, out, 4));
    assert_int_equal(out[0], 0xAA);
    assert_int_equal(bytes_u8(&r), 0); /* there were bytes, but it has failed */
    bytes_read_init(&r, data, 3);
    assert_null(bytes_take(&r, SIZE_MAX));
    bytes_read_init(&r, data, 0);
    assert_non_null(bytes_take(&r, 0));
    assert_true(bytes_finished(&r));
}

static void test_a_writer_writes_nothing_it_has_no_room_for(void **state)
{
    (void)state;
    uint8_t out[8] = {0};
    struct byte_writer w;
    bytes_write_init(&w, out, 7);
    assert_true(bytes_put_u8(&w, 1) && bytes_put_u16(&w, 0x0203) && bytes_put_u32(&w, 0x04050607));
    assert_memory_equal(out, "\1\2\3\4\5\6\7\0", 8);
    assert_false(bytes_put_u8(&w, 8));
    assert_true(w.failed && w.n == 7 && out[7] == 0);
    bytes_write_init(&w, out, 8);
    assert_false(bytes_put(&w, "123456789", 9));
    assert_false(bytes_put_u8(&w, 1)); /* failed for good */
    bytes_write_init(&w, out, 8);
    assert_null(bytes_reserve(&w, SIZE_MAX));
    bytes_write_init(&w, out, 8);
    assert_true(bytes_put_u64(&w, 0x0102030405060708));
    assert_memory_equal(out, "\1\2\3\4\5\6\7\10", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base32_is_the_vectors),
        cmocka_unit_test(test_ids_and_secrets_name_their_bucket),
        cmocka_unit_test(test_new_ids_are_different_and_in_their_bucket),
        cmocka_unit_test(test_link_tokens_are_the_vectors),
        cmocka_unit_test(test_typed_tokens_are_read_or_refused),
        cmocka_unit_test(test_every_wrong_character_and_swap_is_found),
        cmocka_unit_test(test_tokens_are_found_in_file_names_and_links),
        cmocka_unit_test(test_only_the_first_kilobyte_is_searched),
        cmocka_unit_test(test_the_check_digit_is_the_vectors),
        cmocka_unit_test(test_every_wrong_digit_and_swap_is_found),
        cmocka_unit_test(test_base64url_is_canonical),
        cmocka_unit_test(test_a_reader_fails_once_and_for_good),
        cmocka_unit_test(test_a_writer_writes_nothing_it_has_no_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
