/* Signature, schedule and body of webhook deliveries; the vector is that of the specification's reference libraries. */
#include "services/invitations/webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char signature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

static void test_signature_of_the_reference(void **state)
{
    (void)state;
    char out[WEBHOOK_SIGNATURES_SIZE];
    assert_int_equal(webhook_sign(out, secret, NULL, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"), 0);
    assert_string_equal(out, signature);
}

static void test_two_secrets_make_two_signatures(void **state)
{
    (void)state;
    static const char other[] = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    char out[WEBHOOK_SIGNATURES_SIZE];
    assert_int_equal(webhook_sign(out, other, secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"), 0);
    assert_int_equal(strlen(out), 2 * strlen(signature) + 1);
    assert_string_equal(out + strlen(signature) + 1, signature);
    assert_int_not_equal(strncmp(out, signature, strlen(signature)), 0);
}

static void test_malformed_secrets_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                                      "whsec_####9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    char out[WEBHOOK_SIGNATURES_SIZE], longer[256] = "whsec_";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(webhook_sign(out, bad[i], NULL, "id", 1, "{}"), -1);
    memset(longer + 6, 'A', 132);
    assert_int_equal(webhook_sign(out, longer, NULL, "id", 1, "{}"), -1);
}

static void test_the_schedule_ends_and_scatters(void **state)
{
    (void)state;
    static const int64_t schedule[] = {5000, 300000};
    assert_int_equal(webhook_delay(schedule, 2, 1, 0), 4000);
    assert_int_equal(webhook_delay(schedule, 2, 1, 5000), 5000);
    assert_in_range(webhook_delay(schedule, 2, 1, 9999), 5990, 6000);
    assert_in_range(webhook_delay(schedule, 2, 2, 1234), 240000, 360000);
    assert_int_equal(webhook_delay(schedule, 2, 3, 0), -1);
    assert_int_equal(webhook_delay(schedule, 0, 1, 0), -1);
}

static char *body_of(const char *json)
{
    json_t *event = json_loads(json, 0, NULL);
    assert_non_null(event);
    char *body = webhook_body(event, "06-1-0");
    json_decref(event);
    return body;
}

static void test_the_body_shows_no_more_than_it_says(void **state)
{
    (void)state;
    char *body = body_of("{\"type\":\"session.ended\",\"company\":\"c\",\"session\":\"s\",\"time\":1700000000007,\"audit\":{\"seq\":3,\"hash\":\"h\"},"
                         "\"actor\":{\"type\":\"program\"},\"record\":{\"state\":\"ended\",\"reason\":\"session_expired\",\"note\":\"private\","
                         "\"agent_token_hash\":\"x\",\"receipt_key\":\"y\",\"kid\":\"k1\",\"ended_at\":\"1700000000000\",\"epoch\":\"1\",\"version\":\"4\"}}");
    assert_string_equal(body, "{\"type\":\"session.ended\",\"timestamp\":\"2023-11-14T22:13:20.007Z\",\"data\":{\"id\":\"06-1-0\",\"company\":\"c\","
                              "\"actor\":{\"type\":\"program\"},\"audit\":{\"seq\":3,\"hash\":\"h\"},\"session\":{\"id\":\"s\",\"status\":\"ended\","
                              "\"paired\":false,\"reason\":\"session_expired\",\"ended_at\":\"2023-11-14T22:13:20.000Z\",\"version\":\"1-4\"},"
                              "\"reason\":\"session_expired\"}}");
    free(body);
}

static void test_what_is_not_in_the_audit_log_is_no_news(void **state)
{
    (void)state;
    assert_null(body_of("{\"type\":\"session.repeated\",\"company\":\"c\",\"session\":\"s\",\"time\":1,\"record\":{}}"));
    assert_null(body_of("{\"type\":\"audit.journaled\",\"company\":\"c\",\"time\":1,\"audit\":{\"seq\":1}}"));
    assert_null(body_of("{\"type\":\"mail.send\",\"session\":\"s\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature_of_the_reference),
        cmocka_unit_test(test_two_secrets_make_two_signatures),
        cmocka_unit_test(test_malformed_secrets_are_refused),
        cmocka_unit_test(test_the_schedule_ends_and_scatters),
        cmocka_unit_test(test_the_body_shows_no_more_than_it_says),
        cmocka_unit_test(test_what_is_not_in_the_audit_log_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
