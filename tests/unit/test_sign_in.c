/* The pure parts of signing in: one-time passwords against RFC 6238's vectors, recovery codes, scopes, sealing. S-70 */
#include "services/gateway/sign_in.h"
#include "services/gateway/totp.h"

#include "common/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t rfc_key[TOTP_KEY_BYTES] = "12345678901234567890";

static void test_totp_matches_rfc_6238(void **state)
{
    (void)state;
    /* Appendix B, SHA-1; its eight digits end with our six. */
    static const struct {
        int64_t seconds;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"},  {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"},  {20000000000, "353130"}};
    char code[TOTP_DIGITS + 1];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        totp_code(rfc_key, (uint64_t)(vectors[i].seconds / 30), code);
        assert_string_equal(code, vectors[i].code);
    }
}

static void test_codes_of_one_step_before_and_after_are_taken(void **state)
{
    (void)state;
    char code[TOTP_DIGITS + 1];
    int64_t now = 1111111111000;
    uint64_t step = (uint64_t)(now / 30000);
    for (uint64_t s = step - 2; s <= step + 2; s++) {
        totp_code(rfc_key, s, code);
        assert_int_equal(totp_match(rfc_key, code, now), s >= step - 1 && s <= step + 1 ? s : 0);
    }
    assert_int_equal(totp_match(rfc_key, "05047", now), 0);
    assert_int_equal(totp_match(rfc_key, "0504711", now), 0);
    assert_int_equal(totp_match(rfc_key, "", now), 0);
}

static void test_keys_travel_as_base32(void **state)
{
    (void)state;
    char text[TOTP_KEY_TEXT];
    uint8_t key[TOTP_KEY_BYTES];
    totp_key_text(rfc_key, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_int_equal(totp_key_read(text, key), 0);
    assert_memory_equal(key, rfc_key, sizeof key);
    assert_int_equal(totp_key_read("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ", key), -1);
    assert_int_equal(totp_key_read("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", key), -1);
}

static void test_recovery_codes_forgive_how_they_are_typed(void **state)
{
    (void)state;
    char code[RECOVERY_SIZE], upper[RECOVERY_SIZE + 8], a[65], b[65];
    recovery_new(code);
    assert_int_equal(strlen(code), 19);
    assert_int_equal(recovery_digest(code, "tina", a), 0);
    snprintf(upper, sizeof upper, " %.4s%s", code, code + 4);
    for (char *c = upper; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c == '0' ? 'O' : *c == '1' ? 'l' : *c);
    assert_int_equal(recovery_digest(upper, "tina", b), 0);
    assert_string_equal(a, b);
    assert_int_equal(recovery_digest(code, "tom", b), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(recovery_digest("abcd-efgh", "tina", b), -1);
    assert_int_equal(recovery_digest("uuuu-uuuu-uuuu-uuuu", "tina", b), -1);
}

static void test_scopes_say_what_a_key_may(void **state)
{
    (void)state;
    assert_true(scopes_known("all") && scopes_known("sessions:read,audit"));
    assert_false(scopes_known("") || scopes_known("fly") || scopes_known("sessions:write") || scopes_known("sessions:read:read"));
    assert_true(scopes_allow("sessions:read", "GET", "/v1/sessions/*"));
    assert_false(scopes_allow("sessions:read", "POST", "/v1/sessions/*/end"));
    assert_true(scopes_allow("sessions", "POST", "/v1/sessions/*/end"));
    assert_true(scopes_allow("all:read", "GET", "/v1/webhooks"));
    assert_false(scopes_allow("all:read", "DELETE", "/v1/webhooks/*"));
    assert_true(scopes_allow("company", "PATCH", "/v1/technicians/*"));
    assert_false(scopes_allow("company", "POST", "/v1/technicians/*/reset-link"));
    assert_true(scopes_allow("all", "POST", "/v1/technicians/*/reset-link"));
    assert_true(scopes_allow("audit", "GET", "/v1/me"));
    assert_false(scopes_allow("sessions,computers,company,audit,webhooks", "POST", "/v1/something-new"));
    assert_true(scopes_within("sessions:read,audit:read", "all:read"));
    assert_true(scopes_within("sessions", "all") && scopes_within("sessions:read", "sessions"));
    assert_false(scopes_within("sessions", "sessions:read") || scopes_within("all", "sessions") || scopes_within("all:read", "audit"));
}

static void test_browsers_are_named_shortly(void **state)
{
    (void)state;
    char name[AGENT_SIZE];
    agent_name("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0", name);
    assert_string_equal(name, "Edge on Windows");
    agent_name("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1", name);
    assert_string_equal(name, "Safari on iOS");
    agent_name(NULL, name);
    assert_string_equal(name, "unknown");
    agent_name("curl/8.5.0", name);
    assert_string_equal(name, "curl");
}

static void test_sealed_text_opens_only_where_it_belongs(void **state)
{
    (void)state;
    static const char two[] = "b:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                              "a:ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n";
    struct seal_keys *old = seal_keys_new(strchr(two, '\n') + 1), *both = seal_keys_new(two);
    assert_non_null(old);
    assert_non_null(both);
    char *sealed = seal_text(old, "totp:tina", "secret"), *again = seal_text(both, "totp:tina", "secret");
    assert_memory_equal(sealed, "s1.a.", 5);
    assert_memory_equal(again, "s1.b.", 5);
    char *plain = seal_open(both, "totp:tina", sealed);
    assert_string_equal(plain, "secret");
    assert_null(seal_open(both, "totp:tom", sealed));
    assert_null(seal_open(old, "totp:tina", again));
    sealed[strlen(sealed) - 3] ^= 1;
    assert_null(seal_open(both, "totp:tina", sealed));
    assert_null(seal_open(both, "totp:tina", ""));
    assert_null(seal_open(both, "totp:tina", "s1.a.AAAA"));
    assert_null(seal_keys_new("a:00"));
    assert_null(seal_keys_new(""));
    free(plain);
    free(sealed);
    free(again);
    seal_keys_free(old);
    seal_keys_free(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totp_matches_rfc_6238),
        cmocka_unit_test(test_codes_of_one_step_before_and_after_are_taken),
        cmocka_unit_test(test_keys_travel_as_base32),
        cmocka_unit_test(test_recovery_codes_forgive_how_they_are_typed),
        cmocka_unit_test(test_scopes_say_what_a_key_may),
        cmocka_unit_test(test_browsers_are_named_shortly),
        cmocka_unit_test(test_sealed_text_opens_only_where_it_belongs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
