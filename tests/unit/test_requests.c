/* What services read from a request: e-mail addresses, cookies, permissions, the head of an upgrade. S-24 S-30 */
#include "gateway/credentials.h"
#include "gateway/email.h"
#include "relay/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_plain_addresses_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b.c",        "kim.smith+tag@example.co.uk", "o'neil@x-y.example",
                                       "1@2.3",        "a_b@xn--bcher-kva.example",   "{|}~@example.com",
                                       "A@EXAMPLE.COM"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!email_valid(good[i]))
            fail_msg("refused: %s", good[i]);
}

static void test_everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "@",        "a",       "a@",      "@b.c",        "a@b",           "a@b.",
        "a@.b",    "a@b..c",   "a@@b.c",  "a@b@c.d", "a b@c.d",     "a@b c.d",       ".a@b.c",
        "a.@b.c",  "a..b@c.d", "a@-b.c",  "a@b-.c",  "a@b.c-",      "a@b.-c",        "a@b.c\r\nBcc: x@y.z",
        "a@b.c\n", "a\r@b.c",  "a@b.c ",  " a@b.c",  "\"a\"@b.c",   "a@[127.0.0.1]", "a@b_c.d",
        "a,b@c.d", "a;b@c.d",  "<a@b.c>", "a@b.c>",  "a@b.c,d@e.f", "\xc3\xbc@b.c",  "a@b\xc3\xbc.c"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (email_valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void test_parts_have_the_sizes_of_the_rfc(void **state)
{
    (void)state;
    char text[400];
    snprintf(text, sizeof text, "%0*d@b.c", 64, 0);
    assert_true(email_valid(text));
    snprintf(text, sizeof text, "%0*d@b.c", 65, 0);
    assert_false(email_valid(text));
    snprintf(text, sizeof text, "a@%0*d.c", 63, 0);
    assert_true(email_valid(text));
    snprintf(text, sizeof text, "a@%0*d.c", 64, 0);
    assert_false(email_valid(text));
    snprintf(text, sizeof text, "a@%0*d.%0*d.%0*d.%0*d", 63, 0, 63, 0, 63, 0, 60, 0);
    assert_int_equal(strlen(text), EMAIL_MAX);
    assert_true(email_valid(text));
    snprintf(text, sizeof text, "a@%0*d.%0*d.%0*d.%0*d", 63, 0, 63, 0, 63, 0, 61, 0);
    assert_false(email_valid(text));
}

static void test_headers_are_found_by_name_once(void **state)
{
    (void)state;
    static const char head[] = "GET /x HTTP/1.1\r\nhOST: a\r\nX-Upgrade: no\r\nUpgrade: \t web socket "
                               "\t\r\nEmpty:\r\nTwice: 1\r\ntwice: 2\r\nNote: Upgrade: other\r\n\r\nUpgrade: body\r\n";
    char out[16];
    assert_true(head_value(head, "Host", out, sizeof out));
    assert_string_equal(out, "a");
    assert_true(head_value(head, "upgrade", out, sizeof out));
    assert_string_equal(out, "web socket");
    assert_true(head_value(head, "Empty", out, sizeof out));
    assert_string_equal(out, "");
    assert_false(head_value(head, "Twice", out, sizeof out));
    assert_false(head_value(head, "GET /x HTTP/1.1", out, sizeof out));
    assert_false(head_value(head, "Missing", out, sizeof out));
    assert_false(head_value(head, "Upgrade", out, 10)); /* "web socket" and its NUL need 11 */
    assert_true(head_value(head, "Upgrade", out, 11));
    assert_false(head_value("", "Host", out, sizeof out) || head_value("\r\n", "Host", out, sizeof out) ||
                 head_value("Host: a\r\n", "Host", out, sizeof out));
}

static void test_protocols_are_found_by_their_prefix(void **state)
{
    (void)state;
    char out[8];
    static const char list[] = "beistand.v1, agent.abc,session.s,, ticket.t x";
    assert_true(head_protocol(list, "agent.", out, sizeof out));
    assert_string_equal(out, "abc");
    assert_true(head_protocol(list, "session.", out, sizeof out));
    assert_string_equal(out, "s");
    assert_true(head_protocol(list, "ticket.", out, sizeof out));
    assert_string_equal(out, "t");
    assert_false(head_protocol(list, "gent.", out, sizeof out) || head_protocol(list, "key.", out, sizeof out));
    assert_false(head_protocol("agent.", "agent.", out, sizeof out) || head_protocol("", "agent.", out, sizeof out) ||
                 head_protocol(" , ,", "agent.", out, sizeof out));
    assert_true(head_protocol("agent.1234567", "agent.", out, sizeof out));
    assert_false(head_protocol("agent.12345678", "agent.", out, sizeof out));
    assert_true(head_protocol("agent.12345678, agent.2", "agent.", out, sizeof out)); /* the first that fits */
    assert_string_equal(out, "2");
}

static void test_permissions_are_whole_names(void **state)
{
    (void)state;
    assert_true(permission_listed("adhoc_support", "adhoc_support"));
    assert_true(permission_listed("a,adhoc_support,b", "adhoc_support"));
    assert_true(permission_listed("xadhoc_support,adhoc_support", "adhoc_support"));
    assert_false(permission_listed("", "adhoc_support") || permission_listed("adhoc_supports", "adhoc_support"));
    assert_false(permission_listed("no_adhoc_support,adhoc_support2", "adhoc_support"));
    assert_false(permission_listed("a,b", "") || permission_listed("a,b", "a,") || permission_listed("a, b", "b"));
}

static void test_cookies_are_found_by_their_whole_name(void **state)
{
    (void)state;
    char out[8];
    static const char name[] = "session";
    assert_true(cookie_value("session=abc", name, out, sizeof out));
    assert_string_equal(out, "abc");
    assert_true(cookie_value("my_session=no; a=session=no; session=yes; session=2", name, out, sizeof out));
    assert_string_equal(out, "yes");
    assert_true(cookie_value("x;;session=", name, out, sizeof out));
    assert_string_equal(out, "");
    assert_false(cookie_value(NULL, name, out, sizeof out) || cookie_value("", name, out, sizeof out));
    assert_false(cookie_value("session", name, out, sizeof out) || cookie_value("sessions=1", name, out, sizeof out));
    assert_false(cookie_value("Session=1", name, out, sizeof out) || cookie_value("session=12345678", name, out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_addresses_are_taken),
        cmocka_unit_test(test_everything_else_is_refused),
        cmocka_unit_test(test_parts_have_the_sizes_of_the_rfc),
        cmocka_unit_test(test_headers_are_found_by_name_once),
        cmocka_unit_test(test_protocols_are_found_by_their_prefix),
        cmocka_unit_test(test_permissions_are_whole_names),
        cmocka_unit_test(test_cookies_are_found_by_their_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
