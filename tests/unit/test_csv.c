/* services/common/csv: RFC 4180 and nothing else, whatever bytes come. */
#include "common/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

/* All records as "line:field|field;…", then "bad@line text" if it ends so. text is in memory of exactly its size, so
 * that a sanitizer sees every byte read too many. */
static const char *read_all(const char *text, size_t n)
{
    static char out[4096];
    char *copy = malloc(n + 1);
    struct csv c;
    enum csv_result result;
    size_t used = 0;
    memcpy(copy, text, n);
    copy[n] = '\0';
    out[0] = '\0';
    csv_init(&c, copy, n);
    while ((result = csv_read(&c)) == CSV_RECORD && used < sizeof out - 512) {
        used += (size_t)snprintf(out + used, sizeof out - used, "%u:", c.line);
        for (size_t i = 0; i < c.n && used < sizeof out - 512; i++)
            used += (size_t)snprintf(out + used, sizeof out - used, "%.100s%c", c.fields[i], i + 1 < c.n ? '|' : ';');
    }
    if (result == CSV_BAD)
        snprintf(out + used, sizeof out - used, "bad@%u %s", c.line, c.error);
    free(copy);
    return out;
}

#define READS(text, expected) assert_string_equal(read_all(text, sizeof(text) - 1), expected)

static void test_records_fields_and_quotes(void **state)
{
    (void)state;
    READS("name,group,note\r\nPC1,Front,\r\n", "1:name|group|note;2:PC1|Front|;");
    READS("a,b\nc,d", "1:a|b;2:c|d;");
    READS("\"a,\"\"b\"\"\",\"c\r\nd\"\r\ne,f\r\n", "1:a,\"b\"|c\r\nd;3:e|f;");
    READS("\xEF\xBB\xBFn\xC3\xA4me\r\n", "1:n\xC3\xA4me;");
    READS("\r\n\na\n\n\nb\r\n\r\n", "3:a;6:b;");
    READS("\"\"", "1:;");
    READS(",", "1:|;");
    READS("", "");
}

static void test_what_is_not_rfc_4180_is_an_error_with_its_line(void **state)
{
    (void)state;
    READS("a\nb,\"c", "1:a;bad@2 a quoted field does not end");
    READS("a\n\"b\"c\n", "1:a;bad@2 a field is followed by neither a comma nor the end of the line");
    READS("a\"b\n", "bad@1 a quote within a field that does not begin with one");
    READS("a\rb\n", "bad@1 a field is followed by neither a comma nor the end of the line");
    READS("a\0b\n", "bad@1 a NUL byte");
    READS("a\n1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", "1:a;bad@2 too many fields");
}

static void test_any_bytes_are_read_within_bounds(void **state)
{
    (void)state;
    static const char alphabet[] = "a,\"\r\n\0\xC3 ";
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t n = (size_t)(seed >> 8) % sizeof text;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1103515245u + 12345u;
            text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        seed = seed * 1103515245u + 12345u;
        assert_non_null(read_all(text, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_fields_and_quotes),
        cmocka_unit_test(test_what_is_not_rfc_4180_is_an_error_with_its_line),
        cmocka_unit_test(test_any_bytes_are_read_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
