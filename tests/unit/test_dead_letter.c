/* Dead letters carry whatever was sent; licensing takes only commands of the shape its transitions rely on. */
#include "common/dead_letter.h"
#include "services/licensing/licensing.h"
#include "proto/c/b64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *letter_of(char *value, size_t size, const char *why)
{
    struct kafka_message m = {.topic = "beistand.commands", .partition = 7, .offset = 1LL << 40, .value = value, .size = size};
    char id[DEAD_LETTER_ID_SIZE], *text = dead_letter(&m, "licensing", why);
    json_t *letter = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(letter);
    assert_string_equal(dead_letter_id(id, &m), "beistand.commands-7-1099511627776");
    assert_string_equal(json_string_value(json_object_get(letter, "topic")), "beistand.commands");
    assert_string_equal(json_string_value(json_object_get(letter, "by")), "licensing");
    assert_int_equal(json_integer_value(json_object_get(letter, "partition")), 7);
    assert_int_equal(json_integer_value(json_object_get(letter, "offset")), 1LL << 40);
    assert_int_equal(json_integer_value(json_object_get(letter, "size")), size);
    return letter;
}

static void text_is_kept_as_text(void **state)
{
    (void)state;
    char value[] = "{\"a\":\"\xc3\xa4\"";
    json_t *letter = letter_of(value, sizeof value - 1, "why");
    assert_string_equal(json_string_value(json_object_get(letter, "value")), value);
    assert_string_equal(json_string_value(json_object_get(letter, "why")), "why");
    json_decref(letter);
}

static void octets_are_kept_encoded(void **state)
{
    (void)state;
    char value[] = {'\xff', 0, 1, 2};
    uint8_t back[8];
    json_t *letter = letter_of(value, sizeof value, "quotes \xff");
    assert_null(json_object_get(letter, "value"));
    assert_int_equal(b64url_decode(back, sizeof back, json_string_value(json_object_get(letter, "value_base64url"))), sizeof value);
    assert_memory_equal(back, value, sizeof value);
    assert_string_equal(json_string_value(json_object_get(letter, "why")), "not readable");
    json_decref(letter);
}

static void a_large_one_keeps_its_beginning(void **state)
{
    (void)state;
    size_t size = DEAD_LETTER_VALUE_MAX + 5;
    char *value = malloc(size);
    assert_non_null(value);
    memset(value, 'x', size);
    json_t *letter = letter_of(value, size, "");
    assert_int_equal(json_string_length(json_object_get(letter, "value")), DEAD_LETTER_VALUE_MAX);
    free(value);
    json_decref(letter);
}

static json_t *a_create(void)
{
    return json_pack("{ss ss ss ss s{ss} sI s{ss ss ss sb sI sI}}", "id", "x", "type", "session.create", "session",
                     "00000000000000000000000000", "company", "00000000000000000000000004", "actor", "type", "technician", "deadline",
                     (json_int_t)5, "args", "technician", "t", "idempotency", "i", "digest", "d", "send_email", 0, "session_ms",
                     (json_int_t)1, "invitation_ms", (json_int_t)1);
}

static void a_command_of_another_shape_is_refused_by_member(void **state)
{
    (void)state;
    static const char *const members[] = {"id", "company", "actor", "deadline", "args", NULL};
    static const char *const args[] = {"technician", "idempotency", "digest", "send_email", "session_ms", "invitation_ms", NULL};
    json_t *command = a_create();
    assert_null(command_malformed(command));
    json_object_set_new(json_object_get(command, "args"), "customer_email", json_integer(5));
    assert_string_equal(command_malformed(command), "customer_email");
    json_decref(command);
    for (size_t i = 0; members[i]; i++) {
        command = a_create();
        json_object_set_new(command, members[i], json_null());
        assert_string_equal(command_malformed(command), members[i]);
        json_decref(command);
    }
    for (size_t i = 0; args[i]; i++) {
        command = a_create();
        json_object_del(json_object_get(command, "args"), args[i]);
        assert_string_equal(command_malformed(command), args[i]);
        json_decref(command);
    }
    command = a_create();
    json_object_set_new(command, "company", json_string("zz000000000000000000000004"));
    assert_string_equal(command_malformed(command), "company");
    json_decref(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_kept_as_text),
        cmocka_unit_test(octets_are_kept_encoded),
        cmocka_unit_test(a_large_one_keeps_its_beginning),
        cmocka_unit_test(a_command_of_another_shape_is_refused_by_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
