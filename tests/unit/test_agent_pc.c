/* The Windows program's decisions that need no Windows: what keys become, which refusals of Windows mean what, and the
 * messages between service and worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/core/ipc.h"
#include "agent/core/keymap.h"
#include "agent/core/policy.h"

#include <string.h>

static void expect_key(uint32_t keysym, uint32_t scancode, bool shortcut, enum key_kind kind, uint32_t code, bool extended)
{
    struct key_action a = keymap_translate(keysym, scancode, shortcut);
    assert_int_equal(a.kind, kind);
    assert_int_equal(a.code, code);
    assert_int_equal(a.extended, extended);
}

/* S-40: the technician's layout decides. */
static void characters_go_as_unicode(void **state)
{
    (void)state;
    expect_key('a', 0x1E, false, KEY_UNICODE, 'a', false);
    expect_key(0xE4, 0x28, false, KEY_UNICODE, 0xE4, false);             /* ä */
    expect_key(0x20AC, 0, false, KEY_UNICODE, 0x20AC, false);            /* EuroSign */
    expect_key(0x01000416, 0, false, KEY_UNICODE, 0x416, false);         /* Ж */
    expect_key(0x0101F600, 0, false, KEY_UNICODE, 0x1F600, false);       /* beyond the BMP */
    expect_key(0x0100D800, 0, false, KEY_NOTHING, 0, false);             /* a surrogate is no character */
    expect_key(0x01110000, 0, false, KEY_NOTHING, 0, false);             /* beyond Unicode */
}

static void altgr_is_already_in_the_character(void **state)
{
    (void)state;
    expect_key(0xFE03, 0xB8, false, KEY_NOTHING, 0, false);
    expect_key('@', 0x10, false, KEY_UNICODE, '@', false);
}

static void with_a_modifier_a_character_is_its_key(void **state)
{
    (void)state;
    expect_key('c', 0x2E, true, KEY_SHORTCUT, 'c', false);
}

static void other_keys_are_virtual_keys(void **state)
{
    (void)state;
    expect_key(0xFF0D, 0x1C, false, KEY_VIRTUAL, 0x0D, false); /* Return */
    expect_key(0xFF8D, 0x9C, false, KEY_VIRTUAL, 0x0D, true);  /* KP_Enter */
    expect_key(0xFFBE, 0x3B, false, KEY_VIRTUAL, 0x70, false); /* F1 */
    expect_key(0xFFD5, 0, false, KEY_VIRTUAL, 0x87, false);    /* F24 */
    expect_key(0xFF51, 0xCB, true, KEY_VIRTUAL, 0x25, true);   /* Left, also with Ctrl */
    expect_key(0, 0xF0, false, KEY_SCANCODE, 0x70, true);      /* a key without keysym */
    expect_key(0, 0, false, KEY_NOTHING, 0, false);
    assert_int_equal(keymap_role(0xFFE3), KEYMAP_CTRL);
    assert_int_equal(keymap_role(0xFFFF), KEYMAP_DELETE);
    assert_int_equal(keymap_role('x'), 0);
}

/* S-27 */
static void windows_versions(void **state)
{
    (void)state;
    assert_true(policy_windows_supported(10, 17763, false));
    assert_false(policy_windows_supported(10, 17134, false));
    assert_true(policy_windows_supported(10, 14393, true));
    assert_false(policy_windows_supported(10, 14392, true));
    assert_true(policy_windows_supported(10, 26100, false));
    assert_false(policy_windows_supported(6, 9600, true));
    assert_true(policy_windows_supported(11, 0, false));
}

/* S-13 S-32 */
static void refusals_of_the_account(void **state)
{
    static const uint32_t policy[] = {1325, 2203, 2244, 2245, 2246, 2703, 2704, 2705};
    (void)state;
    for (size_t i = 0; i < sizeof policy / sizeof *policy; i++)
        assert_string_equal(policy_account_reason(policy[i]), "password_refused_by_policy");
    assert_string_equal(policy_account_reason(0), "");
    assert_string_equal(policy_account_reason(1378), ""); /* a member already */
    assert_string_equal(policy_account_reason(2226), ACCOUNT_SKIPPED);
    assert_string_equal(policy_account_reason(5), "account_failed");
    assert_string_equal(policy_account_reason(12345), "account_failed");
    assert_true(policy_account_exists(2224));
}

static void messages_come_back_as_they_went(void **state)
{
    struct ipc_message m = {.type = IPC_KEY, .v = {1, 0x01000416, -5, INT32_MIN}, .text = "schön"}, out;
    uint8_t bytes[IPC_MESSAGE_MAX];
    (void)state;
    size_t n = ipc_encode(bytes, &m);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ipc_decode(&out, bytes, i), 0);
    assert_int_equal(ipc_decode(&out, bytes, n), n);
    assert_int_equal(out.type, m.type);
    assert_memory_equal(out.v, m.v, sizeof m.v);
    assert_string_equal(out.text, m.text);
}

static void nonsense_messages_are_refused(void **state)
{
    struct ipc_message m = {.type = IPC_ASK, .text = "x"}, out;
    uint8_t bytes[IPC_MESSAGE_MAX];
    (void)state;
    size_t n = ipc_encode(bytes, &m);
    bytes[IPC_HEAD] = 0; /* a NUL inside the text */
    assert_int_equal(ipc_decode(&out, bytes, n), -1);
    bytes[0] = 0, bytes[1] = 0;
    assert_int_equal(ipc_decode(&out, bytes, n), -1);
    bytes[0] = IPC_TYPES;
    assert_int_equal(ipc_decode(&out, bytes, n), -1);
    bytes[0] = IPC_ASK, bytes[2] = 0xFF, bytes[3] = 0xFF;
    assert_int_equal(ipc_decode(&out, bytes, n), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_go_as_unicode),
        cmocka_unit_test(altgr_is_already_in_the_character),
        cmocka_unit_test(with_a_modifier_a_character_is_its_key),
        cmocka_unit_test(other_keys_are_virtual_keys),
        cmocka_unit_test(windows_versions),
        cmocka_unit_test(refusals_of_the_account),
        cmocka_unit_test(messages_come_back_as_they_went),
        cmocka_unit_test(nonsense_messages_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
