/* Our JSON texts are json_dumps()' byte for byte: hashes and digests of earlier releases rest on them. */
#include "common/json.h"
#include "common/json_pool.h"
#include "common/json_write.h"
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t seed = 1;

static unsigned next(unsigned below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static json_t *any_string(void)
{
    static const char *const parts[] = {"a", "\"", "\\", "/", "\x01", "\x1f", "\x7f", "\b\f\n\r\t", "ü", "€", "😀", "0123456789abcdef"};
    char text[512] = "";
    for (unsigned i = next(12); i > 0; i--) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s", parts[next(sizeof parts / sizeof *parts)]);
    }
    return json_string(text);
}

static json_t *any_value(unsigned depth)
{
    json_t *value;
    switch (next(depth > 0 ? 9 : 7)) {
    case 0: return json_null();
    case 1: return json_true();
    case 2: return json_false();
    case 3: return json_integer((json_int_t)next(1 << 20) * (next(2) ? 1 : -1000000007LL));
    case 4: return json_real(next(1000) / 8.0 - 3);
    case 5:
    case 6: return any_string();
    case 7:
        value = json_array();
        for (unsigned i = next(6); i > 0; i--)
            json_array_append_new(value, any_value(depth - 1));
        return value;
    default:
        value = json_object();
        for (unsigned i = next(8); i > 0; i--) {
            json_t *name = any_string();
            json_object_set_new(value, json_string_value(name), any_value(depth - 1));
            json_decref(name);
        }
        return value;
    }
}

static void expect_same(char *ours, const json_t *value, size_t flags)
{
    size_t n = json_dumpb(value, NULL, 0, flags | JSON_COMPACT | JSON_ENCODE_ANY);
    char *theirs = calloc(1, n + 1);
    json_dumpb(value, theirs, n, flags | JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(ours, theirs);
    free(theirs);
    free(ours);
}

static void test_texts_are_those_of_the_library(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        json_t *value = any_value(4);
        expect_same(json_compact(value), value, 0);
        expect_same(json_canonical(value), value, JSON_SORT_KEYS);
        json_decref(value);
    }
    assert_null(json_compact(NULL));
}

static void test_a_text_of_any_length_is_whole(void **state)
{
    (void)state;
    for (size_t n = 2040; n < 2056; n++) {
        char text[2100];
        memset(text, 'x', n);
        text[n] = '\0';
        json_t *value = json_pack("[s]", text);
        expect_same(json_compact(value), value, 0);
        json_decref(value);
    }
}

static void test_members_are_written_one_by_one(void **state)
{
    (void)state;
    struct json_out o = {0};
    json_out_raw(&o, "{", 1);
    json_out_text(&o, "a", "\"{");
    json_out_text(&o, "none", "");
    json_out_name(&o, "inner");
    json_out_raw(&o, "{", 1);
    json_out_bool(&o, "yes", true);
    json_out_number(&o, "n", -12);
    json_out_raw(&o, "}}", 2);
    char *text = json_out_end(&o);
    assert_string_equal(text, "{\"a\":\"\\\"{\",\"none\":null,\"inner\":{\"yes\":true,\"n\":-12}}");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_those_of_the_library),
        cmocka_unit_test(test_a_text_of_any_length_is_whole),
        cmocka_unit_test(test_members_are_written_one_by_one),
    };
    json_pool_start();
    log_init("test", LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
