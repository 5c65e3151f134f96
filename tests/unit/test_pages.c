/* What the gateway shows: the install page's template and the API's view of a session. S-3 S-27 S-72 */
#include "common/log.h"
#include "gateway/gateway.h"
#include "gateway/template.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* view.c answers requests too; nothing here does. */
void call_refuse(struct call *c, const char *reason, const char *detail)
{
    (void)c, (void)detail;
    fail_msg("refused: %s", reason);
}

static const char *const values[] = {"name",   "<b>\"M&M\"</b>", "technician", "T<", "company",
                                     "{name}", "contact",        "",           NULL};

static const char *render(const char *template, size_t room)
{
    static char text[70000];
    struct text t = {.max = room};
    template_render(&t, template, LANGUAGE_DE, values);
    assert_true(t.n <= room);
    char *taken = text_take(&t);
    snprintf(text, sizeof text, "%s", taken ? taken : "");
    free(taken);
    return t.full ? NULL : text;
}

static void test_values_are_escaped_and_unknown_ones_are_empty(void **state)
{
    (void)state;
    assert_string_equal(render("<a href=\"{{v:name}}\">{{v:missing}}</a>", 1000),
                        "<a href=\"&lt;b&gt;&quot;M&amp;M&quot;&lt;/b&gt;\"></a>");
    assert_string_equal(render("{{v:company}}", 1000), "{name}"); /* not looked at again */
}

static void test_texts_are_of_the_language_and_filled(void **state)
{
    (void)state;
    static const char raw[] = "{{t:title}}";
    const char *text = render(raw, 1000);
    assert_true(strlen(text) > 0 && !strstr(text, "{{") && !strstr(text, "{technician}"));
    assert_null(strstr(render("{{t:intro}}", 1000), "T<"));
}

static void test_malformed_templates_stay_text(void **state)
{
    (void)state;
    assert_string_equal(render("", 10), "");
    assert_string_equal(render("{", 10), "{");
    assert_string_equal(render("{{", 10), "{{");
    assert_string_equal(render("{{v:name", 10), "{{v:name");
    assert_string_equal(render("a{{}}b", 10), "ab");
    assert_string_equal(render("a{{x:name}}b", 10), "ab");
    assert_string_equal(render("}}{{", 10), "}}{{");
    char long_name[200] = "{{v:";
    memset(long_name + 4, 'x', 100);
    memcpy(long_name + 104, "}}", 3);
    assert_string_equal(render(long_name, 200), long_name);
}

static void test_a_page_that_does_not_fit_is_none(void **state)
{
    (void)state;
    assert_string_equal(render("12345", 5), "12345");
    assert_null(render("123456", 5));
    assert_null(render("1{{v:name}}", 5));
    assert_null(render("1", 0));
}

/* ---- times and sessions ---- */

static void expect_time(const char *ms, const char *want)
{
    json_t *value = time_view(ms);
    if (want)
        assert_string_equal(json_string_value(value), want);
    else
        assert_true(json_is_null(value));
    json_decref(value);
}

static void test_times_are_rfc_3339_in_utc(void **state)
{
    (void)state;
    expect_time("1750000000123", "2025-06-15T15:06:40.123Z");
    expect_time("1", "1970-01-01T00:00:00.001Z");
    expect_time("253402300799999", "9999-12-31T23:59:59.999Z");
    expect_time("0", NULL);
    expect_time("", NULL);
    expect_time(NULL, NULL);
    expect_time("-5", NULL);
    expect_time("rubbish", NULL);
}

static json_t *record(const char *state, const json_t *derived)
{
    return json_pack("{ss ss ss ss ss ss ss ss ss ss ss ss ss ss ss}", "id", get_text(derived, "session"), "company",
                     "C", "technician", "T", "technician_name", "Tina", "state", state, "kid", get_text(derived, "kid"),
                     "generation", "1", "attempts", "2", "paired", "0", "created_at", "1750000000123", "checks",
                     "{\"opened\":\"ok\"}", "mail_state", "queued", "removal", "none", "agent_token_hash",
                     "0123456789abcdef", "activation_key", "secret-ish");
}

static struct gateway *gateway(void)
{
    static struct gateway g;
    g.settings.origin = "https://support.example";
    g.keys = secret_keys_new(get_text(vectors("derived"), "keys"));
    return &g;
}

static void test_an_invitation_shows_its_link_and_no_secret(void **state)
{
    (void)state;
    struct gateway *g = gateway();
    const json_t *derived = json_array_get(get(vectors("derived"), "cases"), 0);
    const char *token = get_text(derived, "link_token");
    char want[256];
    json_t *r = record("invited", derived), *view = session_view(g, r, NULL);
    snprintf(want, sizeof want, "https://support.example/i/%s#%.6s-%.6s-%s", get_text(derived, "session"), token,
             token + 6, token + 12);
    assert_string_equal(get_text(view, "install_url"), want);
    assert_string_equal(get_text(view, "status"), "invited");
    assert_int_equal(get_integer(view, "attempts_left"), 3);
    assert_string_equal(get_text(get(view, "checks"), "opened"), "ok");
    assert_true(is_null(view, "machine") && is_null(view, "reason") && !get_bool(view, "online"));
    char *text = json_dumps(view, 0);
    assert_null(strstr(text, "agent_token"));
    assert_null(strstr(text, "secret-ish"));
    assert_null(strstr(text, "\"kid\""));
    assert_null(json_object_get(view, "code_prefix"));
    free(text);
    json_decref(view);
    json_decref(r);
    secret_keys_free(g->keys);
}

static void test_only_an_invitation_has_a_link_and_only_an_active_session_is_online(void **state)
{
    (void)state;
    struct gateway *g = gateway();
    const json_t *derived = json_array_get(get(vectors("derived"), "cases"), 0);
    json_t *presence = json_pack("{ss}", "since", "1750000000123");
    static const char *const states[] = {"invited", "active", "ended"};
    for (int i = 0; i < 3; i++) {
        json_t *r = record(states[i], derived), *view = session_view(g, r, presence);
        assert_int_equal(is_null(view, "install_url"), i != 0);
        assert_int_equal(get_bool(view, "online"), i == 1);
        assert_int_equal(is_null(view, "online_since"), i != 1);
        json_decref(view);
        json_decref(r);
    }
    json_decref(presence);
    secret_keys_free(g->keys);
}

static void test_a_record_with_holes_still_has_a_view(void **state)
{
    (void)state;
    struct gateway *g = gateway();
    json_t *r = json_pack("{ss ss ss}", "id", "x", "checks", "[1]", "machine", "not json"),
           *view = session_view(g, r, NULL);
    assert_true(json_is_object(get(view, "checks")));
    assert_true(is_null(view, "machine") && is_null(view, "status") && is_null(view, "install_url"));
    json_decref(view);
    json_decref(r);
    secret_keys_free(g->keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_escaped_and_unknown_ones_are_empty),
        cmocka_unit_test(test_texts_are_of_the_language_and_filled),
        cmocka_unit_test(test_malformed_templates_stay_text),
        cmocka_unit_test(test_a_page_that_does_not_fit_is_none),
        cmocka_unit_test(test_times_are_rfc_3339_in_utc),
        cmocka_unit_test(test_an_invitation_shows_its_link_and_no_secret),
        cmocka_unit_test(test_only_an_invitation_has_a_link_and_only_an_active_session_is_online),
        cmocka_unit_test(test_a_record_with_holes_still_has_a_view),
    };
    log_init("test", LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
