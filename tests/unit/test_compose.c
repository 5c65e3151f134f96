/* The invitation's mail: well formed, in the customer's language, and no value breaks out of its place. S-3 S-30 */
#include "invitations/compose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct invitation_mail mail(void)
{
    return (struct invitation_mail){.from = "Beistand <support@beistand.example>",
                                    .to = "kim@example.com",
                                    .customer_name = "Kim",
                                    .technician = "Tina",
                                    .company = "Muster GmbH",
                                    .contact = "+49 30 1",
                                    .link = "https://support.example/i/x#AAAAAA-AAAAAA-AAAAAA",
                                    .typed_token = "AAAAAA-AAAAAA-AAAAAA",
                                    .message_id = "x.1@support.example",
                                    .now_ms = 1750000000000,
                                    .expires_ms = 1750086400000,
                                    .language = LANGUAGE_DE};
}

/* The n-th base64 body, decoded; free it. */
static char *body(const char *message, int n)
{
    const char *at = message;
    for (int i = 0; i <= n; i++) {
        at = strstr(at + 1, "Content-Transfer-Encoding: base64\r\n\r\n");
        assert_non_null(at);
    }
    at += strlen("Content-Transfer-Encoding: base64\r\n\r\n");
    char *out = calloc(1, strlen(at));
    unsigned bits = 0, have = 0;
    size_t used = 0;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; *at != '-'; at++) {
        const char *digit = *at ? strchr(alphabet, *at) : NULL;
        if (!digit)
            continue;
        bits = bits << 6 | (unsigned)(digit - alphabet);
        have += 6;
        if (have >= 8)
            out[used++] = (char)(bits >> (have -= 8));
    }
    return out;
}

static void expect_well_formed(const char *message)
{
    const char *end = strstr(message, "\r\n\r\n");
    assert_non_null(end);
    for (const char *line = message, *next; line < end; line = next + 2) {
        next = strstr(line, "\r\n");
        assert_true(next - line < 998); /* RFC 5322 section 2.1.1 */
        assert_true(line[0] == ' ' || strcspn(line, ":") < strcspn(line, " \r\n"));
    }
    for (const char *c = message; *c; c++) {
        assert_true(*c != '\n' || c[-1] == '\r');
        assert_true(*c != '\r' || c[1] == '\n');
        assert_true((unsigned char)*c < 0x7F);
    }
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static void test_the_mail_names_who_invites_and_holds_link_and_token(void **state)
{
    (void)state;
    struct invitation_mail m = mail();
    char *text = compose_invitation(&m), *plain = body(text, 0), *html = body(text, 1);
    expect_well_formed(text);
    assert_non_null(strstr(text, "From: Beistand <support@beistand.example>\r\nTo: <kim@example.com>\r\nSubject: "));
    assert_non_null(strstr(text, "\r\nDate: Sun, 15 Jun 2025 15:06:40 +0000\r\nMessage-ID: <x.1@support.example>\r\n"));
    assert_non_null(strstr(text, "Content-Language: de\r\n"));
    for (int i = 0; i < 2; i++) {
        const char *part = i ? html : plain;
        assert_true(strstr(part, "Tina") && strstr(part, "Muster GmbH") && strstr(part, "+49 30 1") &&
                    strstr(part, "Kim"));
        assert_true(strstr(part, m.link) && strstr(part, m.typed_token));
    }
    free(text);
    free(plain);
    free(html);
}

static void test_every_language_has_a_mail_of_its_own(void **state)
{
    (void)state;
    char *first = NULL;
    for (int l = 0; l < LANGUAGE_COUNT; l++) {
        struct invitation_mail m = mail();
        m.language = (enum language)l;
        char *text = compose_invitation(&m), *plain = body(text, 0);
        expect_well_formed(text);
        assert_null(strchr(plain, '{')); /* every placeholder is filled */
        if (first)
            assert_string_not_equal(first, plain);
        else
            first = strdup(plain);
        free(text);
        free(plain);
    }
    free(first);
}

static void test_no_value_adds_a_header_or_markup(void **state)
{
    (void)state;
    struct invitation_mail m = mail();
    m.to = "kim@example.com>\r\nBcc: <all@example.com";
    m.customer_name = "<script>alert(1)</script>\r\n.\r\n";
    m.technician = "T\r\nX-Evil: 1\r\n\r\nbody";
    m.company = "M\n--beistand-part--\n";
    m.from = "B\r\nX-Evil: 2 <support@beistand.example\r\nX-Evil: 3>";
    char *text = compose_invitation(&m), *html = body(text, 1);
    expect_well_formed(text);
    assert_null(strstr(text, "\nX-Evil"));
    assert_null(strstr(text, "\nBcc"));
    assert_int_equal(count(text, "\r\n--beistand-part--"), 1);
    assert_null(strstr(html, "<script>"));
    assert_non_null(strstr(html, "&lt;script&gt;"));
    free(text);
    free(html);
}

static void test_long_and_foreign_names_are_cut_between_characters(void **state)
{
    (void)state;
    struct invitation_mail m = mail();
    static char name[4001];
    for (size_t i = 0; i + 3 < sizeof name; i += 3)
        memcpy(name + i, "\xe2\x82\xac", 4);
    m.technician = m.company = m.contact = m.customer_name = name;
    char *text = compose_invitation(&m);
    expect_well_formed(text);
    assert_true(count(text, "=?UTF-8?B?") > 2);
    /* Every word holds whole characters: three bytes are four base64 digits. */
    for (const char *at = text; (at = strstr(at, "=?UTF-8?B?")); at++)
        assert_true(strcspn(at + 10, "?") % 4 == 0);
    free(text);
}

static void test_addresses_are_taken_out_of_their_brackets(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"a@b", "a@b"}, {"Name <a@b>", "a@b"}, {"<a@b>", "a@b"},  {"<a@b", "a@b"},
                                           {"", ""},       {"Name <>", ""},       {"a\r\n@b", "a@b"}};
    char out[32], small[4];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        compose_address(out, sizeof out, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
    }
    compose_address(small, sizeof small, "abcdef@example.com");
    assert_string_equal(small, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_mail_names_who_invites_and_holds_link_and_token),
        cmocka_unit_test(test_every_language_has_a_mail_of_its_own),
        cmocka_unit_test(test_no_value_adds_a_header_or_markup),
        cmocka_unit_test(test_long_and_foreign_names_are_cut_between_characters),
        cmocka_unit_test(test_addresses_are_taken_out_of_their_brackets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
