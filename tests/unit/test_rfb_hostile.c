/* Viewers that break the rules, by plan and at random: each is refused with a reason or survived; nothing grows
 * without bound. */
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIGHT = 7, COPY = 1 };
static const int32_t tight[] = {TIGHT, COPY};

static enum rfb_result said(const uint8_t *message, size_t n)
{
    struct ends e = {0};
    ends_start(&e, 64, 48, tight, 2, NULL);
    enum rfb_result result = rfb_feed(e.r, message, n, e.now);
    assert_int_equal(rfb_feed(e.r, "", 0, e.now), result);
    assert_int_equal(rfb_update(e.r, NULL, NULL, 0, e.now, NULL), result);
    if (result != RFB_OK) {
        assert_true(rfb_error(e.r)[0]);
        assert_false(rfb_wants_frame(e.r, e.now));
        assert_int_equal(rfb_next_ms(e.r, e.now), -1);
    }
    ends_free(&e);
    return result;
}

static void test_messages_beyond_a_limit_or_unknown_end_the_session(void **state)
{
    static const uint8_t fence[9] = {248, 0, 0, 0, 0x80, 0, 0, 0, 65};
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t message[1] = {(uint8_t)type};
        bool known = type == 0 || (type >= 2 && type <= 6) || type == 150 || type == 248 || type == 251 || type == 255;
        assert_int_equal(said(message, 1), known ? RFB_OK : RFB_ERR_PROTOCOL);
    }
    assert_int_equal(said(fence, sizeof fence), RFB_ERR_PROTOCOL);
    assert_int_equal(said((const uint8_t[]){255, 1}, 2), RFB_ERR_PROTOCOL); /* QEMU's audio */
}

static void test_pixel_formats_that_nobody_can_draw_are_refused(void **state)
{
    static const struct {
        uint8_t at, value;
    } wrong[] = {{4, 24}, {4, 0}, {7, 0}, {8, 1}, {9, 0}, {9, 254}, {13, 254}, {14, 25}, {15, 31}, {16, 200}};
    uint8_t format[20] = {0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};
    (void)state;
    assert_int_equal(said(format, sizeof format), RFB_OK);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t was = format[wrong[i].at];
        format[wrong[i].at] = wrong[i].value;
        assert_int_equal(said(format, sizeof format), RFB_ERR_UNSUPPORTED);
        format[wrong[i].at] = was;
    }
}

static void test_absurd_areas_are_harmless(void **state)
{
    static const uint8_t requests[][10] = {{3, 0, 255, 255, 255, 255, 255, 255, 255, 255},
                                           {3, 1, 0, 0, 0, 0, 0, 0, 0, 0},
                                           {3, 0, 0, 63, 0, 47, 255, 255, 255, 255},
                                           {150, 1, 255, 255, 0, 0, 0, 1, 0, 1},
                                           {150, 1, 0, 0, 0, 0, 255, 255, 255, 255}};
    struct ends e = {.c.silent = true};
    (void)state;
    ends_start(&e, 64, 48, tight, 2, NULL);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(rfb_feed(e.r, requests[i], 10, e.now), RFB_OK);
        scene_change(&e.s);
        ends_settle(&e, true);
    }
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

static void test_a_viewer_that_asks_without_reading_is_cut_off(void **state)
{
    uint8_t fence[9 + 64] = {248, 0, 0, 0, 0x80, 0, 0, 0, 64};
    struct ends e = {0};
    enum rfb_result result = RFB_OK;
    size_t waiting, worst = 0;
    (void)state;
    ends_start(&e, 64, 48, tight, 2, NULL);
    for (unsigned i = 0; i < 200000 && result == RFB_OK; i++) {
        result = rfb_feed(e.r, fence, sizeof fence, e.now);
        (void)rfb_output(e.r, &waiting);
        worst = waiting > worst ? waiting : worst;
    }
    assert_int_equal(result, RFB_ERR_OVERFLOW);
    assert_in_range(worst, RFB_OUTPUT_MAX - sizeof fence, RFB_OUTPUT_MAX);
    ends_free(&e);
}

static void test_the_callers_frames_are_checked_too(void **state)
{
    struct ends e = {0};
    (void)state;
    ends_start(&e, 64, 48, tight, 2, NULL);
    const struct rfb_frame wrong[] = {{e.s.pixels, 0, 48, 256},
                                      {e.s.pixels, 64, 0, 256},
                                      {e.s.pixels, 64, 48, 255},
                                      {e.s.pixels, RFB_SIZE_MAX + 1, 1, (RFB_SIZE_MAX + 1) * 4},
                                      {e.s.pixels, RFB_SIZE_MAX, RFB_SIZE_MAX, RFB_SIZE_MAX * 4}};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(rfb_update(e.r, &wrong[i], NULL, 0, e.now, NULL), RFB_ERR_ARGUMENT);
    ends_settle(&e, false); /* not final */
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

/* Messages of known types with random contents; lengths are mostly honest, so that the stream goes on. */
static void random_message(struct scene *s, struct pile *out)
{
    static const struct {
        uint8_t type, size;
    } messages[] = {{0, 20}, {2, 20}, {3, 10}, {4, 8}, {5, 6}, {6, 12}, {150, 10}, {248, 17}, {251, 24}, {255, 12}};
    unsigned k = scene_random(s, 10);
    uint8_t m[32];
    for (unsigned i = 0; i < sizeof m; i++)
        m[i] = (uint8_t)(scene_random(s, 3) ? scene_random(s, 4) : scene_random(s, 256));
    m[0] = messages[k].type;
    if (m[0] == 2)
        m[2] = 0, m[3] = 4;
    else if (m[0] == 6)
        memcpy(m + 4, scene_random(s, 2) ? "\0\0\0\4" : "\xff\xff\xff\xfc", 4);
    else if (m[0] == 248)
        m[8] = 8;
    else if (m[0] == 251)
        m[6] = 1;
    else if (m[0] == 255)
        m[1] = 0;
    if (m[0] == 0 && scene_random(s, 4)) /* a format that is one */
        memcpy(m + 4, "\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0", 13);
    for (unsigned i = 4; m[0] == 2 && i < 20; i += 4)
        memcpy(m + i, scene_random(s, 2) ? "\xff\xff\xfe" : "\0\0\0", 3);
    pile_put(out, m, messages[k].size);
}

static void test_random_viewers_do_no_harm(void **state)
{
    unsigned refused = 0;
    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        struct rfb_options o = {.width = 1 + round % 200, .height = 1 + round % 97};
        struct rfb *r = rfb_new(&o);
        struct scene s;
        struct pile out = {0};
        enum rfb_result result = rfb_feed(r, "RFB 003.008\n\1\1", 14, 0);
        scene_start(&s, o.width, o.height, round);
        for (int64_t now = 0; now < 40 && result == RFB_OK; now++) {
            struct rfb_frame f = scene_frame(&s);
            size_t n;
            random_message(&s, &out);
            result = rfb_feed(r, out.data, out.size, now * 50);
            pile_take(&out, out.size);
            if (result == RFB_OK)
                result = rfb_update(r, &f, NULL, 0, now * 50, NULL);
            (void)rfb_output(r, &n);
            assert_in_range(n, 0, RFB_OUTPUT_MAX);
            rfb_output_taken(r, scene_random(&s, 2) ? n : n / 2);
            scene_change(&s);
        }
        refused += result != RFB_OK;
        rfb_free(r);
        scene_free(&s);
        pile_free(&out);
    }
    assert_in_range(refused, 1, 399); /* some of each kind, else nothing is tested */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_beyond_a_limit_or_unknown_end_the_session),
        cmocka_unit_test(test_pixel_formats_that_nobody_can_draw_are_refused),
        cmocka_unit_test(test_absurd_areas_are_harmless),
        cmocka_unit_test(test_a_viewer_that_asks_without_reading_is_cut_off),
        cmocka_unit_test(test_the_callers_frames_are_checked_too),
        cmocka_unit_test(test_random_viewers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
