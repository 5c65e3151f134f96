/* What proto/generate.py made: languages, reasons, placeholders, plans. S-23 S-30 S-72 */
#include "generated/plans.h"
#include "generated/reasons.h"
#include "generated/texts_mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_the_first_known_language_of_a_list_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *language;
    } cases[] = {{"de", "de"},
                 {"de-AT", "de"},
                 {"DE", "de"},
                 {"pt_BR,pt;q=0.9", "pt"},
                 {"xx, nl;q=0.5", "nl"},
                 {"sv,fi", "en"},
                 {"", "en"},
                 {",,,", "en"},
                 {"deu", "en"},
                 {"d", "en"},
                 {"  it  ", "it"},
                 {"*;q=0.1", "en"},
                 {"fr;q=0.1,de;q=0.9", "fr"},
                 {"\xc3\xa9,es", "es"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(language_tag(language_from_tag(cases[i].tag)), cases[i].language);
    assert_string_equal(language_tag(language_from_tag(NULL)), "en");
    assert_string_equal(language_tag((enum language)99), "en");
}

static void test_every_reason_has_texts_that_differ_by_language(void **state)
{
    (void)state;
    size_t n;
    const struct reason *list = reason_list(&n);
    assert_true(n > 30);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(reason_find(list[i].code), &list[i]);
        for (int a = 0; a < LANGUAGE_COUNT; a++)
            for (int b = 0; b < a; b++) {
                if (strcmp(list[i].technician[a], list[i].technician[b]) == 0 ||
                    strcmp(list[i].customer[a], list[i].customer[b]) == 0)
                    fail_msg("%s: %s and %s are the same", list[i].code, language_tag((enum language)a),
                             language_tag((enum language)b));
            }
    }
    assert_null(reason_find(NULL));
    assert_null(reason_find(""));
    assert_null(reason_find("no_such_reason"));
}

static void test_placeholders_are_filled_and_unknown_ones_stay(void **state)
{
    (void)state;
    static const char *const values[] = {"a", "1", "name", "{a}", "empty", "", NULL};
    char out[64];
    assert_int_equal(text_fill(out, sizeof out, "{a}{a} {name}.{empty} {other} {a", values),
                     strlen("11 {a}. {other} {a"));
    assert_string_equal(out, "11 {a}. {other} {a"); /* what is filled in is not looked at again */
    assert_int_equal(text_fill(out, sizeof out, "}{", values), 2);
    assert_string_equal(out, "}{");
}

static void test_a_cut_text_ends_before_a_character(void **state)
{
    (void)state;
    static const char *const values[] = {"x", "\xe2\x82\xac", NULL};
    static const char text[] = "a\xc3\xbc{x}\xf0\x9f\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 bytes */
    static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    char out[16];
    for (size_t size = 1; size <= 12; size++) {
        memset(out, '#', sizeof out);
        assert_int_equal(text_fill(out, size, text, values), 11);
        assert_int_equal(strlen(out), whole[size - 1]);
        assert_int_equal(out[size], '#');
    }
    assert_int_equal(text_fill(out, 0, text, values), 11);
}

static void test_texts_are_found_by_key(void **state)
{
    (void)state;
    assert_string_equal(text_mail_named("subject", LANGUAGE_DE), text_mail(TEXT_MAIL_SUBJECT, LANGUAGE_DE));
    assert_null(text_mail_named("nothing", LANGUAGE_EN));
}

static void test_plans_allow_what_the_table_says(void **state)
{
    (void)state;
    const struct plan *base = plan_find("base"), *trial = plan_find("trial");
    assert_true(plan_allows(base, "files") && !plan_allows(base, "dashboard"));
    assert_true(plan_allows_with(base, "insights", "dashboard"));
    assert_true(plan_allows_with(base, "x,insights,y", "dashboard"));
    assert_false(plan_allows_with(base, "insight", "dashboard") || plan_allows_with(base, "insightsx", "dashboard"));
    assert_false(plan_allows_with(base, NULL, "dashboard") || plan_allows_with(base, "", "dashboard") ||
                 plan_allows_with(base, ",,", "dashboard"));
    assert_false(plan_allows(trial, "remote") || plan_allows_with(trial, "insights", "dashboard"));
    assert_false(plan_allows(base, "") || plan_allows(base, "file") || plan_allows(base, "filesx") ||
                 plan_allows(base, "remote,chat"));
    assert_false(plan_allows(NULL, "remote") || plan_allows_with(NULL, "insights", "dashboard"));
    assert_null(plan_find("Base"));
    assert_null(plan_find(NULL));
    size_t n;
    assert_non_null(plan_list(&n));
    assert_int_equal(n, 5);
    assert_null(strstr(plans_adhoc_json, "trial"));
    assert_non_null(strstr(plans_adhoc_json, "\"premier\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_known_language_of_a_list_is_taken),
        cmocka_unit_test(test_every_reason_has_texts_that_differ_by_language),
        cmocka_unit_test(test_placeholders_are_filled_and_unknown_ones_stay),
        cmocka_unit_test(test_a_cut_text_ends_before_a_character),
        cmocka_unit_test(test_texts_are_found_by_key),
        cmocka_unit_test(test_plans_allow_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
