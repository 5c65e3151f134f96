/* Clipboard text both ways: plain Latin-1 for old viewers, UTF-8 behind notify, request and provide for the others.
 * S-40 */
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RAW = 0, EXTENDED = (int32_t)0xc0a1e5ce, TEXT = 1 };
#define CAPS 0x01000000u
#define REQUEST 0x02000000u
#define PEEK 0x04000000u
#define NOTIFY 0x08000000u
#define PROVIDE 0x10000000u
static const int32_t extended[] = {RAW, EXTENDED};

static char heard[RFB_TEXT_MAX + 1];
static size_t heard_size;
static unsigned heard_times;

static void on_text(void *user, const char *text, size_t n)
{
    (void)user;
    assert_in_range(n, 0, RFB_TEXT_MAX);
    assert_int_equal(text[n], 0);
    memcpy(heard, text, n + 1);
    heard_size = n;
    heard_times++;
}

static const struct rfb_options listening = {.name = "PC", .on = {.cut_text = on_text}};

static int forget_heard(void **state)
{
    (void)state;
    heard_times = 0;
    heard[0] = '\0';
    return 0;
}

static void provide(struct rfb_client *c, const void *text, size_t n, uint32_t size)
{
    struct pile plain = {0};
    uLongf packed_size = compressBound((uLong)n + 4);
    uint8_t *packed = malloc(packed_size);
    pile_u32(&plain, size);
    pile_put(&plain, text, n);
    assert_int_equal(compress(packed, &packed_size, plain.data, plain.size), Z_OK);
    rfb_client_extended(c, PROVIDE | TEXT, packed, packed_size);
    free(packed);
    pile_free(&plain);
}

static void caps(struct rfb_client *c, uint32_t actions)
{
    rfb_client_extended(c, CAPS | actions | TEXT, "\0\0\0\0", 4);
}

/* ---- plain ---- */

static void test_plain_text_of_the_viewer_becomes_utf_8(void **state)
{
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, NULL, 0, &listening);
    rfb_client_cut_text(&e.c, "Gr\xfc\xdf" "e\r\nzwei", 11);
    ends_pump(&e);
    assert_string_equal(heard, "Gr\xc3\xbc\xc3\x9f" "e\nzwei");
    rfb_client_cut_text(&e.c, "", 0);
    ends_pump(&e);
    assert_int_equal(heard_size, 0);
    assert_int_equal(heard_times, 2);
    ends_free(&e);
}

static void test_text_of_the_pc_becomes_latin_1_for_old_viewers(void **state)
{
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, NULL, 0, &listening);
    assert_int_equal(rfb_set_clipboard(e.r, "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac\r\n\xf0\x9f\x98\x80", 17), RFB_OK);
    ends_pump(&e);
    assert_true(e.c.text_latin1);
    assert_int_equal(e.c.text.size, 9);
    assert_memory_equal(e.c.text.data, "Gr\xfc\xdf" "e ?\n?", 9);
    ends_free(&e);
}

static void test_too_long_text_is_dropped_and_the_session_goes_on(void **state)
{
    static char text[RFB_TEXT_MAX + 2];
    struct ends e = {.portion = 60000};
    (void)state;
    memset(text, 'x', sizeof text);
    ends_start(&e, 30, 20, NULL, 0, &listening);
    rfb_client_cut_text(&e.c, text, RFB_TEXT_MAX + 1);
    rfb_client_cut_text(&e.c, "after", 5);
    ends_pump(&e);
    assert_int_equal(heard_times, 1);
    assert_string_equal(heard, "after");
    rfb_client_cut_text(&e.c, text, RFB_TEXT_MAX);
    ends_pump(&e);
    assert_int_equal(heard_size, RFB_TEXT_MAX);
    memset(text, 0xe4, sizeof text); /* twice as long in UTF-8 */
    rfb_client_cut_text(&e.c, text, RFB_TEXT_MAX);
    ends_settle(&e, false);
    assert_int_equal(heard_times, 2);
    assert_int_equal(ends_difference(&e), 0);
    assert_int_equal(rfb_set_clipboard(e.r, text, sizeof text), RFB_ERR_ARGUMENT);
    assert_int_equal(rfb_set_clipboard(e.r, "\xff", 1), RFB_ERR_ARGUMENT);
    ends_free(&e);
}

/* ---- extended ---- */

static void test_extended_text_of_the_viewer_is_asked_for_and_taken(void **state)
{
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, extended, 2, &listening);
    assert_int_equal(e.c.clipboard_flags, CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | TEXT);
    caps(&e.c, REQUEST | PEEK | NOTIFY | PROVIDE);
    rfb_client_extended(&e.c, NOTIFY | TEXT, NULL, 0);
    ends_pump(&e);
    assert_int_equal(e.c.clipboard_flags, REQUEST | TEXT);
    provide(&e.c, "\xe2\x82\xac\r\n\xc3\xa4", 8, 8); /* with the NUL */
    ends_pump(&e);
    assert_string_equal(heard, "\xe2\x82\xac\n\xc3\xa4");
    rfb_client_extended(&e.c, NOTIFY, NULL, 0); /* nothing that we read */
    ends_pump(&e);
    assert_int_equal(e.c.clipboard_flags, REQUEST | TEXT);
    ends_free(&e);
}

static void test_extended_text_of_the_pc_goes_when_asked_for(void **state)
{
    static const char text[] = "zeile\n\xf0\x9f\x98\x80\xe2\x82\xac";
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, extended, 2, &listening);
    caps(&e.c, REQUEST | PEEK | NOTIFY | PROVIDE);
    rfb_client_extended(&e.c, REQUEST | TEXT, NULL, 0); /* there is none yet */
    ends_pump(&e);
    assert_int_equal(rfb_set_clipboard(e.r, text, sizeof text - 1), RFB_OK);
    ends_pump(&e);
    assert_int_equal(e.c.clipboard_flags, NOTIFY | TEXT);
    assert_int_equal(e.c.texts, 0);
    for (unsigned i = 0; i < 3; i++)
        rfb_client_extended(&e.c, REQUEST | TEXT, NULL, 0);
    ends_pump(&e);
    assert_in_range(e.c.texts, 1, 3);
    assert_int_equal(e.c.text.size, sizeof text);
    assert_memory_equal(e.c.text.data, "zeile\r\n\xf0\x9f\x98\x80\xe2\x82\xac", sizeof text);
    rfb_client_extended(&e.c, PEEK, NULL, 0);
    ends_pump(&e);
    assert_int_equal(e.c.clipboard_flags, NOTIFY | TEXT);
    ends_free(&e);
}

static void test_a_viewer_that_takes_only_provided_text_gets_it_at_once(void **state)
{
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, extended, 2, &listening);
    caps(&e.c, PROVIDE);
    ends_pump(&e);
    assert_int_equal(rfb_set_clipboard(e.r, "text", 4), RFB_OK);
    ends_pump(&e);
    assert_int_equal(e.c.texts, 1);
    ends_free(&e);
}

static void test_large_text_goes_through_and_only_the_newest(void **state)
{
    char *text = malloc(RFB_TEXT_MAX);
    struct ends e = {0};
    size_t waiting;
    (void)state;
    for (unsigned i = 0; i < RFB_TEXT_MAX; i++)
        text[i] = (char)('a' + i * 2654435761u % 26);
    ends_start(&e, 30, 20, NULL, 0, &listening);
    for (unsigned i = 0; i < 50; i++) { /* nobody reads meanwhile */
        text[0] = (char)i;
        assert_int_equal(rfb_set_clipboard(e.r, text, RFB_TEXT_MAX), RFB_OK);
    }
    (void)rfb_output(e.r, &waiting);
    assert_in_range(waiting, RFB_TEXT_MAX, RFB_TEXT_MAX + 1000);
    ends_pump(&e);
    ends_settle(&e, false);
    assert_int_equal(e.c.texts, 2);
    assert_int_equal(e.c.text.data[0], 49);
    ends_free(&e);
    free(text);
}

static void test_a_viewer_that_may_only_look_neither_gives_nor_gets_text(void **state)
{
    struct rfb_options o = listening;
    struct ends e = {0};
    (void)state;
    o.view_only = true;
    ends_start(&e, 30, 20, extended, 2, &o);
    caps(&e.c, REQUEST | PEEK | NOTIFY | PROVIDE);
    assert_int_equal(rfb_set_clipboard(e.r, "secret", 6), RFB_OK);
    rfb_client_extended(&e.c, REQUEST | TEXT, NULL, 0);
    rfb_client_extended(&e.c, PEEK, NULL, 0);
    provide(&e.c, "text", 5, 5);
    ends_pump(&e);
    assert_int_equal(e.c.texts, 0);
    assert_int_equal(e.c.clipboard_flags, NOTIFY); /* the answer to peek: nothing */
    assert_int_equal(heard_times, 0);
    assert_int_equal(rfb_next_ms(e.r, e.now), -1);
    ends_free(&e);
}

static void test_hostile_extended_messages_are_dropped(void **state)
{
    static const uint8_t garbage[] = {0x78, 0x9c, 1, 2, 3, 4, 5, 6, 7, 8};
    char *zeros = calloc(1, 3 << 20);
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, extended, 2, &listening);
    rfb_client_extended(&e.c, PROVIDE | TEXT, garbage, sizeof garbage);
    rfb_client_extended(&e.c, PROVIDE | TEXT, NULL, 0);
    provide(&e.c, zeros, 3 << 20, 3 << 20); /* a bomb: longer than text may be */
    provide(&e.c, "abc", 4, 0xffffffff);
    provide(&e.c, "abc", 4, 400); /* says more than there is */
    provide(&e.c, "\xc0\x80", 3, 3);
    provide(&e.c, "\xed\xa0\x80", 4, 4); /* a surrogate */
    rfb_client_extended(&e.c, 0x80000000u | TEXT, garbage, sizeof garbage);
    ends_pump(&e);
    assert_int_equal(heard_times, 0);
    provide(&e.c, "good\0rest", 10, 10);
    ends_pump(&e);
    assert_string_equal(heard, "good");
    ends_free(&e);
    free(zeros);
}

static void test_extended_messages_that_were_not_agreed_on_end_it(void **state)
{
    static const uint8_t no_flags[] = {6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 0, 0};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 30, 20, NULL, 0, &listening);
    rfb_client_extended(&e.c, PEEK, NULL, 0);
    assert_int_equal(rfb_feed(e.r, e.c.out.data, e.c.out.size, e.now), RFB_ERR_PROTOCOL);
    ends_free(&e);
    ends_start(&e, 30, 20, extended, 2, &listening);
    assert_int_equal(rfb_feed(e.r, no_flags, sizeof no_flags, e.now), RFB_ERR_PROTOCOL);
    ends_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_plain_text_of_the_viewer_becomes_utf_8, forget_heard),
        cmocka_unit_test_setup(test_text_of_the_pc_becomes_latin_1_for_old_viewers, forget_heard),
        cmocka_unit_test_setup(test_too_long_text_is_dropped_and_the_session_goes_on, forget_heard),
        cmocka_unit_test_setup(test_extended_text_of_the_viewer_is_asked_for_and_taken, forget_heard),
        cmocka_unit_test_setup(test_extended_text_of_the_pc_goes_when_asked_for, forget_heard),
        cmocka_unit_test_setup(test_a_viewer_that_takes_only_provided_text_gets_it_at_once, forget_heard),
        cmocka_unit_test_setup(test_large_text_goes_through_and_only_the_newest, forget_heard),
        cmocka_unit_test_setup(test_a_viewer_that_may_only_look_neither_gives_nor_gets_text, forget_heard),
        cmocka_unit_test_setup(test_hostile_extended_messages_are_dropped, forget_heard),
        cmocka_unit_test_setup(test_extended_messages_that_were_not_agreed_on_end_it, forget_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
