/* Handshakes of three versions, input as it reaches the PC, and what is told beside pixels: cursor, name, monitors.
 * S-24 S-40 */
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RAW = 0, TIGHT = 7, SIZE = -223, CURSOR = -239, QEMU_KEY = -258, NAME = -307, EXTENDED_SIZE = -308,
       ALPHA_CURSOR = -314, EXTENDED_MOUSE = -316, VMWARE_CURSOR = 0x574d5664 };

static struct {
    unsigned keys, pointers, texts;
    bool down;
    uint32_t keysym, scancode;
    unsigned x, y, buttons;
} seen;

static void on_key(void *user, bool down, uint32_t keysym, uint32_t scancode)
{
    assert_ptr_equal(user, &seen);
    seen.keys++;
    seen.down = down;
    seen.keysym = keysym;
    seen.scancode = scancode;
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    assert_ptr_equal(user, &seen);
    seen.pointers++;
    seen.x = x;
    seen.y = y;
    seen.buttons = buttons;
}

static void on_text(void *user, const char *text, size_t n)
{
    (void)user, (void)text, (void)n;
    seen.texts++;
}

static const struct rfb_options listening = {.name = "PC", .on = {&seen, on_key, on_pointer, on_text}};

static int forget_seen(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    return 0;
}

/* ---- handshake ---- */

static void test_versions_3_3_3_7_and_3_8_are_spoken(void **state)
{
    static const char *const versions[] = {"RFB 003.003\n", "RFB 003.007\n", "RFB 003.008\n"};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct ends e = {.c.version = versions[i]};
        struct rfb_stats stats;
        ends_start(&e, 320, 200, NULL, 0, &listening);
        ends_settle(&e, false);
        rfb_stats(e.r, &stats);
        assert_true(stats.ready);
        assert_string_equal(e.c.name, "PC");
        assert_int_equal(e.c.width, 320);
        assert_int_equal(ends_difference(&e), 0);
        ends_free(&e);
    }
}

static enum rfb_result greeted(const char *version, const void *more, size_t n)
{
    struct rfb_options o = {.width = 10, .height = 10};
    struct rfb *r = rfb_new(&o);
    enum rfb_result e = rfb_feed(r, version, 12, 0);
    if (e == RFB_OK && n > 0)
        e = rfb_feed(r, more, n, 0);
    assert_int_equal(rfb_feed(r, "", 0, 0), e); /* final */
    assert_true(e == RFB_OK || rfb_error(r)[0]);
    rfb_free(r);
    return e;
}

static void test_what_is_no_viewer_is_refused(void **state)
{
    (void)state;
    assert_int_equal(greeted("GET / HTTP/1", NULL, 0), RFB_ERR_PROTOCOL);
    assert_int_equal(greeted("RFB 003.0x8\n", NULL, 0), RFB_ERR_PROTOCOL);
    assert_int_equal(greeted("RFB 002.009\n", NULL, 0), RFB_ERR_UNSUPPORTED);
    assert_int_equal(greeted("RFB 003.008\n", "\x02", 1), RFB_ERR_UNSUPPORTED);
    assert_int_equal(greeted("RFB 004.001\n", "\x01", 1), RFB_OK);
    assert_int_equal(greeted("RFB 003.889\n", "\x01\x00", 2), RFB_OK); /* Apple */
}

static void test_a_refused_security_type_says_why(void **state)
{
    struct rfb_options o = {.width = 10, .height = 10};
    struct rfb *r = rfb_new(&o);
    size_t n;
    (void)state;
    assert_int_equal(rfb_feed(r, "RFB 003.008\n\x10", 13, 0), RFB_ERR_UNSUPPORTED);
    const uint8_t *p = rfb_output(r, &n);
    assert_memory_equal(p, "RFB 003.008\n\x01\x01\x00\x00\x00\x01", 18);
    assert_int_equal(p[21], n - 22);
    rfb_free(r);
}

static void test_no_engine_without_a_possible_size(void **state)
{
    static const unsigned sizes[][2] = {{0, 10}, {10, 0}, {RFB_SIZE_MAX + 1, 1}, {RFB_SIZE_MAX, RFB_SIZE_MAX}};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct rfb_options o = {.width = sizes[i][0], .height = sizes[i][1]};
        assert_null(rfb_new(&o));
    }
    rfb_free(NULL);
}

/* ---- input ---- */

static void test_keys_arrive_with_their_codes(void **state)
{
    static const int32_t encodings[] = {RAW, QEMU_KEY};
    static const uint32_t codes[][2] = {{0x1e, 0x1e}, {0x9d, 0x9d}, {0xe01d, 0x9d}, {0xc6, 0xc6}, {0x80, 0}, {0x12345, 0}, {0, 0}};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 100, 100, encodings, 2, &listening);
    ends_frame(&e);
    assert_true(e.c.qemu_keys);
    rfb_client_key(&e.c, true, 0x20ac);
    ends_pump(&e);
    assert_true(seen.down);
    assert_int_equal(seen.keysym, 0x20ac);
    assert_int_equal(seen.scancode, 0);
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++) {
        rfb_client_qemu_key(&e.c, i % 2, 0xff00 + i, codes[i][0]);
        ends_pump(&e);
        assert_int_equal(seen.keys, i + 2);
        assert_int_equal(seen.down, i % 2);
        assert_int_equal(seen.keysym, 0xff00 + i);
        assert_int_equal(seen.scancode, codes[i][1]);
    }
    ends_free(&e);
}

static void test_the_pointer_stays_in_the_picture_and_has_nine_buttons(void **state)
{
    static const int32_t encodings[] = {RAW, EXTENDED_MOUSE};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 100, 80, encodings, 2, &listening);
    rfb_client_pointer(&e.c, 5000, 79, 0x81); /* before it was said: eight plain buttons */
    ends_pump(&e);
    assert_int_equal(seen.x, 99);
    assert_int_equal(seen.y, 79);
    assert_int_equal(seen.buttons, 0x81);
    ends_frame(&e);
    assert_true(e.c.extended_mouse);
    rfb_client_pointer(&e.c, 5, 6000, 0x185);
    rfb_client_pointer(&e.c, 5, 6, 0x85);
    rfb_client_pointer(&e.c, 7, 8, 0x7f);
    ends_pump(&e);
    assert_int_equal(seen.pointers, 4);
    assert_int_equal(seen.buttons, 0x7f);
    rfb_client_pointer(&e.c, 5, 6000, 0x185);
    ends_pump(&e);
    assert_int_equal(seen.buttons, 0x185);
    assert_int_equal(seen.y, 79);
    ends_free(&e);
}

static void test_a_viewer_that_may_only_look_changes_nothing(void **state)
{
    struct rfb_options o = listening;
    struct ends e = {0};
    (void)state;
    o.view_only = true;
    ends_start(&e, 100, 80, NULL, 0, &o);
    rfb_client_key(&e.c, true, 'a');
    rfb_client_qemu_key(&e.c, true, 'a', 0x1e);
    rfb_client_pointer(&e.c, 1, 1, 1);
    rfb_client_cut_text(&e.c, "text", 4);
    ends_settle(&e, false);
    assert_int_equal(seen.keys + seen.pointers + seen.texts, 0);
    assert_int_equal(ends_difference(&e), 0); /* and it sees */
    rfb_set_view_only(e.r, false);
    rfb_client_key(&e.c, true, 'a');
    ends_pump(&e);
    assert_int_equal(seen.keys, 1);
    ends_free(&e);
}

static void test_input_of_any_fragmentation_is_the_same_input(void **state)
{
    static const int32_t encodings[] = {RAW, QEMU_KEY, EXTENDED_MOUSE};
    (void)state;
    for (size_t portion = 1; portion < 15; portion++) {
        struct ends e = {.portion = portion};
        forget_seen(NULL);
        ends_start(&e, 40, 30, encodings, 3, &listening);
        ends_frame(&e);
        for (unsigned i = 0; i < 20; i++) {
            rfb_client_key(&e.c, i % 2, i);
            rfb_client_pointer(&e.c, i, 29, i % 3 ? 0x100 : 1);
            rfb_client_cut_text(&e.c, "0123456789abcdef", i % 16);
            rfb_client_qemu_key(&e.c, i % 2, i, 0x1e);
        }
        ends_pump(&e);
        assert_int_equal(seen.keys, 40);
        assert_int_equal(seen.pointers, 20);
        assert_int_equal(seen.texts, 20);
        ends_free(&e);
    }
}

/* ---- told beside pixels ---- */

static void draw_cursor(uint8_t *bgra, unsigned w, unsigned h)
{
    for (unsigned i = 0; i < w * h; i++) {
        bgra[4 * i] = (uint8_t)(i * 7);
        bgra[4 * i + 1] = (uint8_t)(i * 3);
        bgra[4 * i + 2] = (uint8_t)(200 - i);
        bgra[4 * i + 3] = (uint8_t)(i % 3 * 100);
    }
}

static void cursor_as(int32_t encoding, unsigned w, unsigned h)
{
    const int32_t encodings[] = {TIGHT, encoding};
    uint8_t bgra[40 * 40 * 4];
    struct rfb_cursor cursor = {bgra, w, h, w / 2, h - 1};
    struct ends e = {0};
    draw_cursor(bgra, w, h);
    ends_start(&e, 100, 80, encodings, 2, NULL);
    ends_settle(&e, false);
    assert_int_equal(rfb_set_cursor(e.r, &cursor), RFB_OK);
    assert_int_equal(rfb_next_ms(e.r, e.now), 0);
    ends_settle(&e, false);
    assert_int_equal(e.c.cursors, 1);
    assert_int_equal(e.c.cursor_w, w);
    assert_int_equal(e.c.hot_x, w / 2);
    assert_int_equal(e.c.hot_y, h - 1);
    for (unsigned i = 0; i < w * h; i++) {
        const uint8_t *want = bgra + 4 * i, *got = e.c.cursor + 4 * i;
        unsigned scale = encoding == ALPHA_CURSOR ? want[3] : 255;
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(got[k], want[2 - k] * scale / 255);
        assert_int_equal(got[3], encoding == CURSOR ? (want[3] >= 128 ? 255 : 0) : want[3]);
    }
    assert_int_equal(rfb_set_cursor(e.r, NULL), RFB_OK);
    ends_settle(&e, false);
    assert_int_equal(e.c.cursors, 2);
    assert_int_equal(e.c.cursor_w, 0);
    ends_free(&e);
}

static void test_the_cursor_goes_in_every_form(void **state)
{
    (void)state;
    cursor_as(CURSOR, 32, 32);
    cursor_as(CURSOR, 13, 9);
    cursor_as(ALPHA_CURSOR, 17, 40);
    cursor_as(VMWARE_CURSOR, 24, 24);
}

static void test_a_cursor_beyond_the_limits_is_refused_and_the_last_stays(void **state)
{
    static uint8_t pixels[(RFB_CURSOR_MAX + 1) * 4 * 4];
    const struct rfb_cursor wide = {pixels, RFB_CURSOR_MAX + 1, 1, 0, 0}, outside = {pixels, 4, 4, 4, 0}, good = {pixels, 4, 4, 3, 3};
    static const int32_t encodings[] = {TIGHT, CURSOR};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 100, 80, encodings, 2, NULL);
    assert_int_equal(rfb_set_cursor(e.r, &good), RFB_OK);
    assert_int_equal(rfb_set_cursor(e.r, &wide), RFB_ERR_ARGUMENT);
    assert_int_equal(rfb_set_cursor(e.r, &outside), RFB_ERR_ARGUMENT);
    ends_settle(&e, false);
    assert_int_equal(e.c.cursor_w, 4);
    ends_free(&e);
}

static void test_the_name_is_cut_between_characters_and_can_change(void **state)
{
    static const int32_t encodings[] = {TIGHT, NAME};
    char name[RFB_NAME_MAX + 20];
    struct ends e = {0};
    (void)state;
    for (size_t i = 0; i + 3 < sizeof name; i += 3)
        memcpy(name + i, "\xe2\x82\xac", 4);
    ends_start(&e, 100, 80, encodings, 2, &(struct rfb_options){.name = name});
    assert_int_equal(strlen(e.c.name), RFB_NAME_MAX / 3 * 3);
    ends_settle(&e, false);
    rfb_set_name(e.r, "other");
    ends_settle(&e, false);
    assert_string_equal(e.c.name, "other");
    ends_free(&e);
}

static void test_monitors_are_told_and_their_size_is_the_customers(void **state)
{
    static const int32_t encodings[] = {TIGHT, EXTENDED_SIZE};
    static const struct rfb_screen two[2] = {{1, 0, 0, 200, 100}, {7, 200, 0, 100, 80}};
    static const struct rfb_screen outside[1] = {{1, 250, 0, 51, 10}};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 300, 100, encodings, 2, NULL);
    ends_settle(&e, false);
    assert_int_equal(e.c.n_screens, 1);
    assert_int_equal(e.c.screens[0].w, 300);
    assert_int_equal(rfb_set_screens(e.r, outside, 1), RFB_ERR_ARGUMENT);
    assert_int_equal(rfb_set_screens(e.r, two, 2), RFB_OK);
    ends_settle(&e, false);
    assert_int_equal(e.c.n_screens, 2);
    assert_int_equal(e.c.screens[1].id, 7);
    assert_int_equal(e.c.screens[1].x, 200);
    uint64_t before = e.bytes;
    assert_int_equal(rfb_set_screens(e.r, two, 2), RFB_OK); /* no news */
    ends_settle(&e, false);
    assert_int_equal(e.bytes, before);
    static const uint8_t set_size[24] = {251, 0, 0, 50, 0, 50, 1};
    pile_put(&e.c.out, set_size, sizeof set_size);
    ends_pump(&e);
    ends_settle(&e, false);
    assert_int_equal(e.c.size_reason, 1);
    assert_int_equal(e.c.size_status, 1); /* prohibited */
    assert_int_equal(e.c.width, 300);
    ends_free(&e);
}

static void test_what_a_viewer_does_not_know_is_not_told(void **state)
{
    static const uint8_t pixels[4 * 4 * 4];
    const struct rfb_cursor cursor = {pixels, 4, 4, 0, 0};
    static const struct rfb_screen screen = {1, 0, 0, 10, 10};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 100, 80, NULL, 0, &listening);
    ends_settle(&e, false);
    uint64_t before = e.bytes;
    assert_int_equal(rfb_set_cursor(e.r, &cursor), RFB_OK);
    assert_int_equal(rfb_set_screens(e.r, &screen, 1), RFB_OK);
    rfb_set_name(e.r, "other");
    assert_int_equal(rfb_next_ms(e.r, e.now), -1);
    ends_frame(&e);
    assert_int_equal(e.bytes, before);
    ends_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_3_3_3_7_and_3_8_are_spoken),
        cmocka_unit_test(test_what_is_no_viewer_is_refused),
        cmocka_unit_test(test_a_refused_security_type_says_why),
        cmocka_unit_test(test_no_engine_without_a_possible_size),
        cmocka_unit_test_setup(test_keys_arrive_with_their_codes, forget_seen),
        cmocka_unit_test_setup(test_the_pointer_stays_in_the_picture_and_has_nine_buttons, forget_seen),
        cmocka_unit_test_setup(test_a_viewer_that_may_only_look_changes_nothing, forget_seen),
        cmocka_unit_test(test_input_of_any_fragmentation_is_the_same_input),
        cmocka_unit_test(test_the_cursor_goes_in_every_form),
        cmocka_unit_test(test_a_cursor_beyond_the_limits_is_refused_and_the_last_stays),
        cmocka_unit_test(test_the_name_is_cut_between_characters_and_can_change),
        cmocka_unit_test(test_monitors_are_told_and_their_size_is_the_customers),
        cmocka_unit_test(test_what_a_viewer_does_not_know_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
