/* The services' JSON reader against proto/vectors/json.json, and the fields of a request. */
#include "common/json.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_copy(const char *text, size_t n, char error[128])
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    json_t *value = json_read(copy, n, error);
    free(copy);
    return value;
}

static void test_objects_are_judged_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("json"), "cases"), i, one)
    {
        char error[128] = "";
        const char *text = get_text(one, "text");
        json_t *value = read_copy(text, strlen(text), error);
        if ((value != NULL) != get_bool(one, "valid"))
            fail_msg("%.80s", text);
        assert_int_equal(value == NULL, error[0] != '\0');
        json_decref(value);
    }
    json_array_foreach(get(vectors("json"), "broken_utf8"), i, one)
    {
        struct blob b = unhex(json_string_value(one));
        char text[32] = "{\"a\":\"", error[128];
        memcpy(text + 6, b.data, b.n);
        memcpy(text + 6 + b.n, "\"}", 2);
        assert_null(read_copy(text, 8 + b.n, error));
    }
}

static void test_nesting_is_bounded_and_brackets_in_texts_do_not_count(void **state)
{
    (void)state;
    char text[256] = "{\"a\":", error[128];
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        strncat(text, "[", sizeof text - strlen(text) - 1);
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        strncat(text, "]", sizeof text - strlen(text) - 1);
    strncat(text, "}", sizeof text - strlen(text) - 1);
    json_t *value = json_read(text, strlen(text), error);
    assert_non_null(value);
    json_decref(value);
    static const char quoted[] = "{\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[\":\"{{{{{{{{{{{{{{{{{{{{\"}";
    value = json_read(quoted, sizeof quoted - 1, error);
    assert_non_null(value);
    json_decref(value);
    static const char deep[] = "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}";
    assert_null(json_read(deep, sizeof deep - 1, error));
    assert_non_null(strstr(error, "nested deeper"));
}

static void test_errors_say_where_and_are_short(void **state)
{
    (void)state;
    char error[128];
    static const char text[] = "{\"a\":1,\n\"b\":}";
    assert_null(json_read(text, sizeof text - 1, error));
    assert_non_null(strstr(error, "line 2"));
    char *long_text = malloc(100000);
    memset(long_text, 'x', 100000);
    assert_null(json_read(long_text, 100000, error));
    assert_true(strlen(error) < 128);
    free(long_text);
}

static void test_fields_have_a_kind_a_size_and_no_controls(void **state)
{
    (void)state;
    char error[128];
    const char *out;
    static const char text[] =
        "{\"t\":\"abc\",\"n\":1,\"z\":null,\"c\":\"a\\u0001\",\"l\":\"a\\n\\tb\",\"u\":\"\\u00fc\\u00fc\"}";
    json_t *o = json_read(text, sizeof text - 1, error);
    assert_non_null(o);
    assert_int_equal(json_field(o, "t", 3, &out), 0);
    assert_string_equal(out, "abc");
    assert_int_equal(json_field(o, "t", 2, &out), -1);
    assert_null(out);
    assert_int_equal(json_field(o, "n", 9, &out), -1);
    assert_true(json_field(o, "z", 9, &out) == 0 && !out);
    assert_true(json_field(o, "missing", 9, &out) == 0 && !out);
    assert_int_equal(json_field(o, "c", 9, &out), -1);
    assert_int_equal(json_field(o, "l", 9, &out), 0);
    assert_int_equal(json_field(o, "u", 3, &out), -1); /* bytes, not characters */
    assert_int_equal(json_field(o, "u", 4, &out), 0);
    assert_string_equal(json_text(o, "t", "x"), "abc");
    assert_string_equal(json_text(o, "n", "x"), "x");
    assert_int_equal(json_number(o, "n", 7), 1);
    assert_int_equal(json_number(o, "t", 7), 7);
    assert_null(json_text(NULL, "t", NULL));
    json_decref(o);
}

static void test_unknown_members_are_named(void **state)
{
    (void)state;
    static const char *const known[] = {"a", "b", NULL};
    json_t *good = json_pack("{si si}", "a", 1, "b", 2), *bad = json_pack("{si si}", "a", 1, "A", 2),
           *none = json_object();
    assert_null(json_unknown_member(good, known));
    assert_null(json_unknown_member(none, known));
    assert_string_equal(json_unknown_member(bad, known), "A");
    json_decref(good);
    json_decref(bad);
    json_decref(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_judged_as_the_vectors_say),
        cmocka_unit_test(test_nesting_is_bounded_and_brackets_in_texts_do_not_count),
        cmocka_unit_test(test_errors_say_where_and_are_short),
        cmocka_unit_test(test_fields_have_a_kind_a_size_and_no_controls),
        cmocka_unit_test(test_unknown_members_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
