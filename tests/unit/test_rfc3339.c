/* services/common/rfc3339.h against the C library's calendar. */
#include "common/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void check(int64_t ms)
{
    char text[RFC3339_SIZE], expected[64];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(expected + n, sizeof expected - n, ".%03dZ", (int)(ms % 1000));
    assert_string_equal(rfc3339(text, ms), expected);
}

static void test_every_day_until_9999(void **state)
{
    (void)state;
    for (int64_t day = 0; day * 86400000 <= RFC3339_LAST_MS; day++) {
        check(day * 86400000);
        check(day * 86400000 + 86399999);
        check(day * 86400000 + day * 7919 % 86400000);
    }
}

static void test_what_is_outside_becomes_the_nearest(void **state)
{
    (void)state;
    char text[RFC3339_SIZE];
    assert_string_equal(rfc3339(text, -1), "1970-01-01T00:00:00.000Z");
    assert_string_equal(rfc3339(text, INT64_MAX), "9999-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_until_9999),
        cmocka_unit_test(test_what_is_outside_becomes_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
