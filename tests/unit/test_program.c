/* The program's life over a net of buffers: report, code, activation, offers, pairing and its tries, passwords and
 * their delay, the end and its receipt. The system is in memory, server and technician are played. S-5 S-8 S-9 S-10
 * S-33 S-34 */
#include "agent/core/json.h"
#include "fake_net.h"
#include "fake_pc.h"
#include "proto/c/b64url.h"
#include "scripted_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fake_pc pc;
static struct fake_viewer viewer;
static const char technician[] = "0wr8q7qb0djvhb292rb1ss2tec";

static int begin_life(void **state)
{
    (void)state;
    memset(&viewer, 0, sizeof viewer);
    fake_pc_start(&pc);
    return 0;
}

static int end_life(void **state)
{
    (void)state;
    fake_viewer_free(&viewer);
    fake_pc_free(&pc);
    return 0;
}

static void to_the_code(void)
{
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 200,
                   "{\"session\":\"" FAKE_SESSION
                   "\",\"technician\":\"Tina\",\"company\":\"Muster\",\"language\":\"de\"}");
    assert_int_equal(program_state(pc.program), PROGRAM_CODE);
}

/* The value of a header in the last request. */
static void header_of(const char *request, const char *name, char *out, size_t size)
{
    const char *at = strstr(request, name);
    assert_non_null(at);
    at += strlen(name) + 2;
    snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

/* ---- before the session ---- */

static void test_the_report_comes_before_anything_is_installed(void **state)
{
    (void)state;
    const char *request = fake_pc_request(&pc);
    assert_non_null(strstr(request, "POST /agent/v1/invitations/reports HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\"checks\":{\"started\":\"ok\"}"));
    assert_int_equal(pc.installs, 0);
    fake_pc_answer(&pc, 200, "{\"session\":\"" FAKE_SESSION "\",\"technician\":\"Tina\",\"company\":\"Muster\"}");
    assert_true(pc.installs == 1 && pc.asked_code == 1);
    assert_int_equal(program_state(pc.program), PROGRAM_CODE);
}

static void test_a_failed_preflight_is_reported_and_installs_nothing(void **state)
{
    (void)state;
    pc.preflight_fails = "not_administrator";
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 200, "{}");
    assert_true(pc.installs == 0 && program_state(pc.program) >= PROGRAM_REMOVING);
    assert_string_equal(program_reason(pc.program), "not_administrator");
}

static void test_a_refused_link_says_why(void **state)
{
    (void)state;
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 410, "{\"reason\":\"invitation_superseded\"}");
    assert_string_equal(program_reason(pc.program), "invitation_superseded");
    assert_int_equal(pc.installs, 0);
}

static void test_an_absent_server_is_asked_again(void **state)
{
    (void)state;
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 503, "{\"reason\":\"unavailable\"}");
    assert_int_equal(program_state(pc.program), PROGRAM_REPORTING);
    assert_string_equal(pc.said, "network_blocked");
    assert_string_equal(fake_pc_request(&pc), ""); /* not at once */
    fake_net_advance(2001);
    assert_non_null(strstr(fake_pc_request(&pc), "/agent/v1/invitations/reports"));
}

static void test_only_digits_that_fit_together_are_sent(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "1234", "123457200002", "123475200001", "12345720000", "1234572000011", "1234 5720 000x", "57200001"};
    to_the_code();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(program_code(pc.program, bad[i]));
    assert_string_equal(fake_pc_request(&pc), "");
    assert_true(program_code(pc.program, "1234-5720 0001"));
    const char *request = fake_pc_request(&pc);
    assert_non_null(strstr(request, "POST /agent/v1/activations HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\"code_prefix\":\"1234\""));
    assert_null(strstr(request, "5720"));                            /* e never leaves the PC */
    assert_false(program_code(pc.program, FAKE_PREFIX FAKE_DIGITS)); /* not while one is being judged */
}

static void test_a_wrong_code_is_asked_for_again_with_what_is_left(void **state)
{
    (void)state;
    char first[80], second[80];
    to_the_code();
    program_code(pc.program, FAKE_PREFIX FAKE_DIGITS);
    header_of(fake_pc_request(&pc), "Idempotency-Key", first, sizeof first);
    fake_pc_answer(&pc, 403, "{\"reason\":\"code_invalid\",\"attempts_left\":3}");
    assert_true(program_state(pc.program) == PROGRAM_CODE && pc.asked_code == 2 && pc.attempts_left == 3);
    assert_string_equal(pc.asked_reason, "code_invalid");
    program_code(pc.program, "4321" FAKE_DIGITS);
    header_of(fake_pc_request(&pc), "Idempotency-Key", second, sizeof second);
    assert_string_not_equal(first, second);
}

static void test_a_lost_answer_is_asked_for_with_the_same_key_even_after_a_restart(void **state)
{
    (void)state;
    char first[80], again[80];
    to_the_code();
    program_code(pc.program, FAKE_PREFIX FAKE_DIGITS);
    header_of(fake_pc_request(&pc), "Idempotency-Key", first, sizeof first);
    fake_pc_answer(&pc, 502, "");
    fake_net_advance(2001);
    header_of(fake_pc_request(&pc), "Idempotency-Key", again, sizeof again);
    assert_string_equal(first, again);
    fake_pc_restart(&pc);
    const char *request = fake_pc_request(&pc);
    header_of(request, "Idempotency-Key", again, sizeof again);
    assert_string_equal(first, again);
    assert_non_null(strstr(request, "\"code_prefix\":\"1234\""));
}

/* ---- the session ---- */

static void test_an_activated_program_dials_the_relay_and_remembers(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    assert_int_equal(program_state(pc.program), PROGRAM_ACTIVE);
    const char *request = fake_pc_request(&pc);
    assert_non_null(strstr(request, "GET /relay/control/" FAKE_SESSION " HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Sec-WebSocket-Protocol: beistand.v1, agent." FAKE_AGENT_TOKEN "\r\n"));
    fake_pc_restart(&pc);
    fake_pc_step(&pc);
    assert_int_equal(program_state(pc.program), PROGRAM_ACTIVE);
}

static void test_offers_that_are_not_for_it_are_not_dialled(void **state)
{
    (void)state;
    char offer[8192], forged[8192];
    static const char conn[] = "0wr8q7qb0djvhb292rb1ss2c0n";
    fake_pc_activate(&pc);
    int control = fake_pc_upgrade(&pc, "/relay/control/");
    assert_true(control >= 0);
    fake_pc_offer(&pc, offer, sizeof offer, conn, technician, "pair", clock_wall_ms());
    fake_pc_control(&pc, control, offer, strlen(offer)); /* over already */
    fake_pc_offer(&pc, offer, sizeof offer, conn, technician, "pair", clock_wall_ms() + 60000);
    snprintf(forged, sizeof forged, "%s", offer);
    forged[strlen(forged) - 10] ^= 1; /* in the signature */
    fake_pc_control(&pc, control, forged, strlen(forged));
    fake_pc_control(&pc, control, "{\"type\":\"offer\"}", 16);
    fake_pc_control(&pc, control, "{\"type\":", 8);
    assert_string_equal(fake_pc_request(&pc), "");
    assert_string_equal(pc.said, "offer_refused");
    fake_pc_control(&pc, control, offer, strlen(offer));
    assert_true(fake_pc_upgrade(&pc, "/relay/c/") >= 0);
    fake_pc_control(&pc, control, offer, strlen(offer)); /* a second time */
    assert_string_equal(fake_pc_request(&pc), "");
}

static const char set_password[] = "{\"type\":\"set_password\",\"password\":\"correct horse\"}\n";

static void say(const char *line)
{
    fake_viewer_send(&viewer, MUX_CONTROL, line, strlen(line));
}

static void pair(void)
{
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician);
    assert_true(viewer.open);
    say(set_password);
    assert_non_null(strstr(viewer.lines, "{\"type\":\"password_set\"}"));
    assert_non_null(strstr(fake_pc_request(&pc), "{\"event\":\"paired\"}"));
    fake_pc_answer(&pc, 204, "");
}

static void test_pairing_hands_over_the_password_once(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician);
    assert_true(viewer.open);
    assert_non_null(strstr(viewer.lines,
                           "{\"type\":\"hello\",\"computer\":\"PC\",\"os\":\"Windows 11\",\"password_set\":false}\n"));
    say("{\"type\":\"start\",\"feature\":\"remote\"}\n");
    assert_non_null(
        strstr(viewer.lines, "\"refused\",\"reason\":\"wrong_state\"")); /* no screen without the password */
    say("{\"type\":\"set_password\",\"password\":\"short\"}\n");
    assert_true(pc.accounts == 0 && strstr(viewer.lines, "\"invalid_request\""));
    say(set_password);
    assert_true(pc.accounts == 1 && strstr(viewer.lines, "{\"type\":\"password_set\"}"));
    assert_string_equal(pc.account_password, "correct horse");
    assert_non_null(strstr(fake_pc_request(&pc), "{\"event\":\"paired\"}"));
    fake_pc_answer(&pc, 204, "");
    struct fake_viewer second = {0};
    fake_viewer_connect(&second, &pc, MODE_PAIR, FAKE_DIGITS, technician); /* the digits are used up */
    assert_string_equal(second.reason, "wrong_state");
    fake_viewer_free(&second);
}

static void test_a_refused_password_can_be_followed_by_a_better_one(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician);
    pc.account_fails = "password_refused_by_policy";
    say(set_password);
    assert_non_null(strstr(viewer.lines, "password_refused_by_policy"));
    pc.account_fails = NULL;
    say(set_password);
    assert_non_null(strstr(viewer.lines, "{\"type\":\"password_set\"}"));
}

/* S-34: five wrong tries in all, over restarts; then the digits are dropped and typed again in the same program. */
static void test_five_wrong_pairings_drop_the_digits(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    for (int i = 0; i < PROGRAM_TRIES; i++) {
        if (i == 3) {
            fake_pc_restart(&pc);
            fake_pc_request(&pc);
            fake_pc_answer(&pc, 200, "{\"status\":\"active\"}");
            fake_pc_upgrade(&pc, "/relay/control/");
        }
        assert_int_equal(pc.asked_digits, 0);
        fake_viewer_connect(&viewer, &pc, MODE_PAIR, "57200017", technician);
        assert_string_equal(viewer.reason, "code_invalid");
    }
    assert_int_equal(pc.asked_digits, 1);
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician); /* the right ones come too late */
    assert_string_equal(viewer.reason, "attempts_exhausted");
    assert_false(program_digits(pc.program, "12345678"));
    assert_true(program_digits(pc.program, FAKE_DIGITS));
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician);
    assert_true(viewer.open);
}

static void test_a_try_that_cannot_be_saved_is_not_judged(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    pc.cannot_save = true;
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician);
    assert_false(viewer.open);
}

static void test_the_ticket_says_whether_it_may_pair(void **state)
{
    (void)state;
    char offer[8192];
    fake_pc_activate(&pc);
    int control = fake_pc_upgrade(&pc, "/relay/control/");
    fake_pc_offer(&pc, offer, sizeof offer, "0wr8q7qb0djvhb292rb1ss2c0n", technician, "connect",
                  clock_wall_ms() + 60000);
    fake_pc_control(&pc, control, offer, strlen(offer));
    int data = fake_pc_upgrade(&pc, "/relay/c/");
    uint8_t hello[21] = {0x82, 19, 1, 1, MODE_PAIR};
    fake_net_feed(fake_net_at((size_t)data), hello, sizeof hello, 0);
    fake_pc_step(&pc);
    size_t n;
    const uint8_t *sent = fake_net_sent(fake_net_at((size_t)data), &n);
    assert_true(n > 11 && (sent[6] ^ sent[2]) == HS_REFUSE);
}

/* S-33: wrong passwords are counted at the PC; from the sixth on each costs a wait that is not judged before it is
 * over. */
static void test_wrong_passwords_are_delayed(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    pair();
    for (int i = 1; i <= PROGRAM_PASSWORD_TRIES + 1; i++) {
        fake_viewer_connect(&viewer, &pc, MODE_CONNECT, "wrong horse", technician);
        assert_string_equal(viewer.reason, "password_wrong");
        assert_int_equal(viewer.retry_ms, i < PROGRAM_PASSWORD_TRIES ? 0 : 5000u << (i - PROGRAM_PASSWORD_TRIES));
        fake_net_advance(viewer.retry_ms + (i <= PROGRAM_PASSWORD_TRIES));
    }
    fake_net_advance(-5000); /* before its time even the right one is not looked at */
    fake_viewer_connect(&viewer, &pc, MODE_CONNECT, "correct horse", technician);
    assert_string_equal(viewer.reason, "password_wrong");
    assert_in_range(viewer.retry_ms, 1, 5000);
    fake_net_advance(5001);
    fake_viewer_connect(&viewer, &pc, MODE_CONNECT, "correct horse", technician);
    assert_true(viewer.open);
}

/* S-8: the same technician goes on without a password; a colleague's ticket with the same key does not. */
static void test_a_lost_connection_is_resumed_by_its_technician_only(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    pair();
    fake_viewer_cut(&viewer);
    struct fake_viewer thief = {.keys = viewer.keys};
    fake_viewer_connect(&thief, &pc, MODE_RESUME, NULL, "0wr8q7qb0djvhb292rb1ss2xxx");
    assert_string_equal(thief.reason, "ticket_invalid");
    fake_viewer_free(&thief);
    viewer.lines_size = 0;
    fake_viewer_connect(&viewer, &pc, MODE_RESUME, NULL, technician);
    assert_true(viewer.open);
    say("{\"type\":\"nonsense\"}\n");
    assert_non_null(strstr(viewer.lines, "\"refused\",\"reason\":\"invalid_request\""));
}

static void test_a_control_line_without_an_end_breaks_the_connection(void **state)
{
    (void)state;
    static char line[4200];
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    fake_viewer_connect(&viewer, &pc, MODE_PAIR, FAKE_DIGITS, technician);
    memset(line, ' ', sizeof line);
    fake_viewer_send(&viewer, MUX_CONTROL, line, 4096);
    assert_false(fake_net_closed(fake_net_at((size_t)viewer.connection)));
    fake_viewer_send(&viewer, MUX_CONTROL, line, 1);
    assert_true(fake_net_closed(fake_net_at((size_t)viewer.connection)));
}

/* ---- the end ---- */

/* The last request is the receipt; its signature holds for the key that was registered. */
static void expect_receipt(const char *key_text)
{
    static const char label[] = "beistand receipt v1";
    char receipt[2048], signature_text[128], session[40];
    uint8_t key[32], signature[64], message[2100], json[1500];
    const char *request = fake_pc_request(&pc);
    assert_non_null(strstr(request, "POST /agent/v1/sessions/" FAKE_SESSION "/receipt HTTP/1.1\r\n"));
    const char *body = strstr(request, "\r\n\r\n") + 4;
    assert_true(json_get_text(body, "receipt", receipt, sizeof receipt));
    assert_true(json_get_text(body, "signature", signature_text, sizeof signature_text));
    assert_int_equal(b64url_decode(key, sizeof key, key_text), 32);
    assert_int_equal(b64url_decode(signature, sizeof signature, signature_text), 64);
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, receipt, strlen(receipt));
    assert_true(ed25519_verify(signature, message, sizeof label + strlen(receipt), key));
    int n = b64url_decode(json, sizeof json - 1, receipt);
    assert_true(n > 0);
    json[n] = '\0';
    assert_true(json_get_text((char *)json, "session", session, sizeof session));
    assert_string_equal(session, FAKE_SESSION);
}

static void activate_and_keep_key(char key[64])
{
    to_the_code();
    program_code(pc.program, FAKE_PREFIX FAKE_DIGITS);
    char json[256];
    const char *body = strstr(fake_pc_request(&pc), "\r\n\r\n") + 4;
    assert_true(json_get_text(body, "receipt_key", key, 64));
    snprintf(json, sizeof json,
             "{\"session\":\"" FAKE_SESSION "\",\"agent_token\":\"" FAKE_AGENT_TOKEN
             "\",\"expires_at\":%lld,\"server_time\":%lld}",
             (long long)(clock_wall_ms() + FAKE_LIFE_MS), (long long)clock_wall_ms());
    fake_pc_answer(&pc, 200, json);
}

static void test_the_servers_word_ends_it_and_the_relays_alone_does_not(void **state)
{
    (void)state;
    char key[64];
    activate_and_keep_key(key);
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 200, "{\"status\":\"active\"}");
    int control = fake_pc_upgrade(&pc, "/relay/control/");
    fake_pc_control(&pc, control, "{\"type\":\"ended\",\"reason\":\"ended_by_technician\"}", 47);
    assert_non_null(strstr(fake_pc_request(&pc), "GET /agent/v1/sessions/" FAKE_SESSION " HTTP/1.1\r\n"));
    fake_pc_answer(&pc, 200, "{\"status\":\"active\"}");
    assert_true(program_state(pc.program) == PROGRAM_ACTIVE && pc.removals == 0);
    fake_pc_control(&pc, control, "{\"type\":\"ended\",\"reason\":\"ended_by_technician\"}", 47);
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 200, "{\"status\":\"ended\",\"reason\":\"ended_by_technician\"}");
    assert_int_equal(pc.removals, 1);
    assert_string_equal(program_reason(pc.program), "ended_by_technician");
    expect_receipt(key);
    fake_pc_answer(&pc, 204, "");
    assert_true(program_state(pc.program) == PROGRAM_OVER && pc.stored == -1);
}

static void test_the_deadline_holds_without_a_network_and_with_a_turned_clock(void **state)
{
    (void)state;
    char key[64];
    activate_and_keep_key(key);
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 502, "");
    fake_net_advance(FAKE_LIFE_MS / 2);
    fake_pc_step(&pc);
    fake_net_turn_clock(-FAKE_LIFE_MS * 10);
    fake_pc_step(&pc);
    assert_int_equal(program_state(pc.program), PROGRAM_ACTIVE);
    fake_net_turn_clock(FAKE_LIFE_MS * 10);
    fake_net_advance(FAKE_LIFE_MS / 2 + 1);
    fake_pc_step(&pc);
    assert_string_equal(program_reason(pc.program), "session_expired");
    assert_true(program_state(pc.program) >= PROGRAM_REMOVING);
}

static void test_the_customers_end_closes_the_view_at_once_and_is_told_until_heard(void **state)
{
    (void)state;
    fake_pc_activate(&pc);
    fake_pc_upgrade(&pc, "/relay/control/");
    pair();
    program_end(pc.program);
    assert_true(fake_net_closed(fake_net_at((size_t)viewer.connection)));
    assert_non_null(strstr(fake_pc_request(&pc), "{\"event\":\"ended_by_customer\"}"));
    fake_pc_answer(&pc, 503, "{\"reason\":\"unavailable\"}");
    assert_int_equal(pc.removals, 0);
    fake_net_advance(2001);
    assert_non_null(strstr(fake_pc_request(&pc), "{\"event\":\"ended_by_customer\"}"));
    fake_pc_answer(&pc, 204, "");
    assert_true(pc.removals == 1 && strcmp(program_reason(pc.program), "ended_by_customer") == 0);
}

static void test_an_interrupted_removal_is_finished_at_the_next_start(void **state)
{
    (void)state;
    char key[64];
    activate_and_keep_key(key);
    fake_pc_request(&pc);
    fake_pc_answer(&pc, 200, "{\"status\":\"ended\",\"reason\":\"computer_deleted\"}");
    assert_int_equal(pc.removals, 1);
    fake_pc_restart(&pc);
    expect_receipt(key);
    assert_int_equal(pc.removals, 1); /* nothing is removed twice */
    fake_pc_answer(&pc, 204, "");
    assert_int_equal(program_state(pc.program), PROGRAM_OVER);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, begin_life, end_life)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(test_the_report_comes_before_anything_is_installed),
        LIFE(test_a_failed_preflight_is_reported_and_installs_nothing),
        LIFE(test_a_refused_link_says_why),
        LIFE(test_an_absent_server_is_asked_again),
        LIFE(test_only_digits_that_fit_together_are_sent),
        LIFE(test_a_wrong_code_is_asked_for_again_with_what_is_left),
        LIFE(test_a_lost_answer_is_asked_for_with_the_same_key_even_after_a_restart),
        LIFE(test_an_activated_program_dials_the_relay_and_remembers),
        LIFE(test_offers_that_are_not_for_it_are_not_dialled),
        LIFE(test_pairing_hands_over_the_password_once),
        LIFE(test_a_refused_password_can_be_followed_by_a_better_one),
        LIFE(test_five_wrong_pairings_drop_the_digits),
        LIFE(test_a_try_that_cannot_be_saved_is_not_judged),
        LIFE(test_the_ticket_says_whether_it_may_pair),
        LIFE(test_wrong_passwords_are_delayed),
        LIFE(test_a_lost_connection_is_resumed_by_its_technician_only),
        LIFE(test_a_control_line_without_an_end_breaks_the_connection),
        LIFE(test_the_servers_word_ends_it_and_the_relays_alone_does_not),
        LIFE(test_the_deadline_holds_without_a_network_and_with_a_turned_clock),
        LIFE(test_the_customers_end_closes_the_view_at_once_and_is_told_until_heard),
        LIFE(test_an_interrupted_removal_is_finished_at_the_next_start),
    };
    scripted_random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
