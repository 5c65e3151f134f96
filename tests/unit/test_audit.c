/* Audit records (services/sweeper/audit.h): golden hashes made with Python's json and hashlib, and what must not get in. */
#include "services/sweeper/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char company[] = "1cjmfxnsm754ah5s1hg7x80jc4";

static struct audit_record record_of(const char *json, struct audit_head *head)
{
    json_t *event = json_loads(json, 0, NULL);
    assert_non_null(event);
    struct audit_record r = audit_record(event, "06-1700000000000-0", head);
    json_decref(event);
    assert_non_null(r.text);
    return r;
}

static void test_first_prev_names_the_company(void **state)
{
    (void)state;
    struct audit_head head;
    audit_head_first(&head, company);
    assert_int_equal(head.seq, 0);
    assert_string_equal(head.hash, "8f8552cbf440cdd4fc48a9bc9ffb715980d97ab895f1d816df93a2974e28bf0e");
}

static void test_record_is_canonical_and_chained(void **state)
{
    (void)state;
    struct audit_head head;
    audit_head_first(&head, company);
    struct audit_record r = record_of(
        "{\"type\":\"session.activated\",\"session\":\"s\",\"company\":\"1cjmfxnsm754ah5s1hg7x80jc4\",\"time\":1700000000007,"
        "\"actor\":{\"type\":\"program\",\"id\":\"s\",\"address\":\"192.0.2.7\"},"
        "\"record\":{\"machine\":\"{\\\"name\\\":\\\"B\xc3\xbcro\\\"}\",\"expires_at\":\"1\",\"note\":\"private\"}}",
        &head);
    assert_string_equal(
        r.text, "{\"actor\":{\"address\":\"192.0.2.7\",\"id\":\"s\",\"type\":\"program\"},\"company\":\"1cjmfxnsm754ah5s1hg7x80jc4\","
                "\"details\":{\"expires_at\":\"1\",\"machine\":{\"name\":\"B\xc3\xbcro\"}},\"id\":\"06-1700000000000-0\","
                "\"prev\":\"8f8552cbf440cdd4fc48a9bc9ffb715980d97ab895f1d816df93a2974e28bf0e\",\"seq\":1,\"session\":\"s\","
                "\"time\":\"2023-11-14T22:13:20.007Z\",\"type\":\"session.activated\"}");
    assert_int_equal(head.seq, 1);
    assert_string_equal(head.hash, "b58df56ff9afbcb72eda723864434af231b4265fb12033df101d849a53ea763c");
    free(r.text);
}

static void test_the_same_event_makes_the_same_record(void **state)
{
    (void)state;
    const char *json = "{\"type\":\"session.ended\",\"company\":\"c\",\"time\":5,\"record\":{\"reason\":\"session_expired\",\"removal\":\"none\"}}";
    struct audit_head a, b;
    audit_head_first(&a, "c");
    audit_head_first(&b, "c");
    struct audit_record one = record_of(json, &a), two = record_of(json, &b);
    assert_string_equal(one.text, two.text);
    assert_string_equal(a.hash, b.hash);
    assert_non_null(strstr(one.text, "\"reason\":\"session_expired\""));
    struct audit_record three = record_of(json, &b);
    assert_string_not_equal(a.hash, b.hash);
    free(one.text);
    free(two.text);
    free(three.text);
}

static void test_control_characters_and_fractions_have_one_spelling(void **state)
{
    (void)state;
    struct audit_head head;
    audit_head_first(&head, "c");
    struct audit_record r = record_of("{\"type\":\"audit.x\",\"company\":\"c\",\"time\":1,\"details\":{\"a\":\"x\\u001fy\\nz\",\"b\":1.5}}", &head);
    assert_non_null(strstr(r.text, "\"details\":{\"a\":\"x y z\",\"b\":1}"));
    free(r.text);
}

static void test_long_details_are_left_out(void **state)
{
    (void)state;
    struct audit_head head;
    audit_head_first(&head, "c");
    json_t *event = json_pack("{ss ss si s{so}}", "type", "audit.x", "company", "c", "time", 1, "details", "long", json_string(""));
    char *text = calloc(1, AUDIT_DETAILS_MAX + 1);
    memset(text, 'x', AUDIT_DETAILS_MAX);
    json_object_set_new(json_object_get(event, "details"), "long", json_string(text));
    struct audit_record r = audit_record(event, "00-1-0", &head);
    assert_non_null(strstr(r.text, "\"details\":{\"too_long\":true}"));
    assert_true(strlen(r.text) < 1024);
    free(r.text);
    free(text);
    json_decref(event);
}

static void test_only_the_cut_is_cut(void **state)
{
    (void)state;
    struct audit_head head;
    audit_head_first(&head, "c");
    struct audit_record r = record_of("{\"type\":\"audit.trimmed\",\"company\":\"c\",\"time\":1,\"details\":{\"seq\":17}}", &head);
    assert_int_equal(r.cut, 17);
    free(r.text);
    r = record_of("{\"type\":\"audit.other\",\"company\":\"c\",\"time\":1,\"details\":{\"seq\":17}}", &head);
    assert_int_equal(r.cut, 0);
    free(r.text);
}

static void test_repetitions_are_no_news(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool wanted;
    } cases[] = {{"{\"type\":\"session.created\",\"company\":\"c\"}", true},
                 {"{\"type\":\"session.repeated\",\"company\":\"c\"}", false},
                 {"{\"type\":\"session.journaled\",\"company\":\"c\"}", false},
                 {"{\"type\":\"computer.journaled\",\"company\":\"c\"}", false},
                 {"{\"type\":\"session.created\"}", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *event = json_loads(cases[i].json, 0, NULL);
        assert_int_equal(audit_wants(event), cases[i].wanted);
        json_decref(event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_prev_names_the_company),
        cmocka_unit_test(test_record_is_canonical_and_chained),
        cmocka_unit_test(test_the_same_event_makes_the_same_record),
        cmocka_unit_test(test_control_characters_and_fractions_have_one_spelling),
        cmocka_unit_test(test_long_details_are_left_out),
        cmocka_unit_test(test_only_the_cut_is_cut),
        cmocka_unit_test(test_repetitions_are_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
