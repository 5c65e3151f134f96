/* The program's JSON against proto/vectors/json.json, its limits, its look-ups and its writer. */
#include "agent/core/json.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In a buffer of exactly its size, so that a sanitizer sees a byte read too far. */
static bool valid(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    bool good = json_valid(copy, n);
    free(copy);
    return good;
}

static void test_objects_are_judged_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("json"), "cases"), i, one)
    {
        const char *text = get_text(one, "text");
        if (valid(text, strlen(text)) != get_bool(one, "valid"))
            fail_msg("%.80s", text);
    }
}

static void test_broken_utf8_is_refused(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("json"), "broken_utf8"), i, one)
    {
        struct blob b = unhex(json_string_value(one));
        char text[32] = "{\"a\":\"";
        memcpy(text + 6, b.data, b.n);
        memcpy(text + 6 + b.n, "\"}", 2);
        assert_false(valid(text, 8 + b.n));
        text[6 + b.n] = '\0';
        assert_false(valid(text, 6 + b.n)); /* cut inside it */
    }
}

static void test_every_cut_of_an_object_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,-2.5e3,true,null,{\"b\":\"\\u00fc\\ud83d\\ude00\xc3\xbc\"}],\"c\":false}";
    assert_true(valid(text, sizeof text - 1));
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_false(valid(text, n));
}

static void repeat(char *out, size_t size, const char *before, const char *each, int n, const char *after)
{
    size_t used = (size_t)snprintf(out, size, "%s", before);
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(out + used, size - used, each, i);
    snprintf(out + used, size - used, "%s", after);
}

static void test_limits_are_where_they_are_said_to_be(void **state)
{
    (void)state;
    static char text[AGENT_JSON_MAX + 100];
    repeat(text, sizeof text, "{\"x\":1", ",\"m%d\":1", AGENT_JSON_MEMBERS - 1, "}");
    assert_true(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"x\":1", ",\"m%d\":1", AGENT_JSON_MEMBERS, "}");
    assert_false(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"", "x", AGENT_JSON_NAME - 1, "\":1}");
    assert_true(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"", "x", AGENT_JSON_NAME, "\":1}");
    assert_false(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"a\":", "[", AGENT_JSON_DEPTH - 1, "");
    size_t n = strlen(text);
    repeat(text + n, sizeof text - n, "1", "]", AGENT_JSON_DEPTH - 1, "}");
    assert_true(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"a\":", "[", AGENT_JSON_DEPTH, "");
    n = strlen(text);
    repeat(text + n, sizeof text - n, "1", "]", AGENT_JSON_DEPTH, "}");
    assert_false(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"a\":\"", "x", AGENT_JSON_MAX - 8, "\"}");
    assert_true(json_valid(text, strlen(text)));
    repeat(text, sizeof text, "{\"a\":\"", "x", AGENT_JSON_MAX - 7, "\"}");
    assert_false(json_valid(text, strlen(text)));
}

static void test_members_are_found_by_name_and_kind(void **state)
{
    (void)state;
    static const char text[] = " {\"a\":\"x\\n\\u00fc\",\"deep\":{\"n\":7,\"a\":\"no\"},\"n\":-5,\"l\":[\"p\","
                               "\"q\\\"\",3],\"t\":true,\"f\":false,\"z\":null} ";
    char out[16];
    int64_t n;
    bool b;
    assert_true(json_valid(text, strlen(text)));
    assert_true(json_get_text(text, "a", out, sizeof out));
    assert_string_equal(out, "x\n\xc3\xbc");
    assert_true(json_get_integer(text, "n", &n) && n == -5);
    assert_true(json_get_bool(text, "t", &b) && b);
    assert_true(json_get_bool(text, "f", &b) && !b);
    assert_true(json_array_has(text, "l", "q\"") && !json_array_has(text, "l", "z"));
    assert_true(json_array_text(text, "l", 0, out, sizeof out));
    assert_string_equal(out, "p");
    assert_false(json_array_text(text, "l", 2, out, sizeof out)); /* a number */
    assert_false(json_array_text(text, "l", 3, out, sizeof out));
    assert_false(json_array_text(text, "a", 0, out, sizeof out));
    assert_false(json_get_text(text, "n", out, sizeof out) || json_get_text(text, "missing", out, sizeof out));
    assert_false(json_get_integer(text, "a", &n) || json_get_bool(text, "z", &b) || json_get_integer(text, "z", &n));
}

static void test_text_that_does_not_fit_is_not_given_cut(void **state)
{
    (void)state;
    char out[8] = "before";
    assert_true(json_get_text("{\"a\":\"1234567\"}", "a", out, sizeof out));
    assert_string_equal(out, "1234567");
    assert_false(json_get_text("{\"a\":\"12345678\"}", "a", out, sizeof out));
    assert_false(json_get_text("{\"a\":\"123456\xc3\xbc\"}", "a", out, sizeof out));
    assert_true(json_get_text("{\"a\":\"\"}", "a", out, 1));
}

static void test_integers_are_whole_and_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t n;
    } cases[] = {{"{\"a\":0}", true, 0},
                 {"{\"a\":-1}", true, -1},
                 {"{\"a\":999999999999999999}", true, 999999999999999999},
                 {"{\"a\":-999999999999999999}", true, -999999999999999999},
                 {"{\"a\":1000000000000000000}", false, 0},
                 {"{\"a\":1.0}", false, 0},
                 {"{\"a\":1e3}", false, 0},
                 {"{\"a\":\"1\"}", false, 0},
                 {"{\"a\":true}", false, 0},
                 {"{\"a\":[1]}", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t n = 42;
        assert_int_equal(json_get_integer(cases[i].text, "a", &n), cases[i].good);
        if (cases[i].good)
            assert_true(n == cases[i].n);
    }
}

static void test_what_is_written_is_read_again(void **state)
{
    (void)state;
    char text[256], out[64];
    int64_t n;
    bool b;
    struct json_out o;
    json_out_init(&o, text, sizeof text);
    json_open(&o, NULL);
    json_put_text(&o, "te\"xt", "a\\b\"\n\t\x01\xc3\xbc");
    json_put_integer(&o, "n", INT64_MIN);
    json_put_bool(&o, "b", true);
    json_open(&o, "o");
    json_close(&o);
    json_put_raw(&o, "l", "[1]");
    json_close(&o);
    assert_false(o.full);
    assert_string_equal(text, "{\"te\\\"xt\":\"a\\\\b\\\"\\u000a\\u0009\\u0001\xc3\xbc\",\"n\":-9223372036854775808,"
                              "\"b\":true,\"o\":{},\"l\":[1]}");
    assert_true(json_valid(text, o.n));
    assert_true(json_get_text(text, "te\"xt", out, sizeof out));
    assert_string_equal(out, "a\\b\"\n\t\x01\xc3\xbc");
    assert_false(json_get_integer(text, "n", &n)); /* more digits than are read */
    assert_true(json_get_bool(text, "b", &b) && b);
}

static void test_a_full_writer_says_so_and_stays_in_its_buffer(void **state)
{
    (void)state;
    for (size_t size = 1; size < 30; size++) {
        char *text = malloc(size);
        struct json_out o;
        json_out_init(&o, text, size);
        json_open(&o, NULL);
        json_put_text(&o, "name", "\x01 value");
        json_close(&o);
        assert_int_equal(o.full, size < 24);
        assert_int_equal(strlen(text), o.n);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_judged_as_the_vectors_say),
        cmocka_unit_test(test_broken_utf8_is_refused),
        cmocka_unit_test(test_every_cut_of_an_object_is_refused),
        cmocka_unit_test(test_limits_are_where_they_are_said_to_be),
        cmocka_unit_test(test_members_are_found_by_name_and_kind),
        cmocka_unit_test(test_text_that_does_not_fit_is_not_given_cut),
        cmocka_unit_test(test_integers_are_whole_and_bounded),
        cmocka_unit_test(test_what_is_written_is_read_again),
        cmocka_unit_test(test_a_full_writer_says_so_and_stays_in_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
