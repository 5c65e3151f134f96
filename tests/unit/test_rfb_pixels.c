/* What the viewer sees is what the PC shows: every encoding, pixel format and size; exactly where it is lossless,
 * within a bound where JPEG was allowed, and exactly again once it is quiet. S-40 */
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RAW = 0, COPY = 1, TIGHT = 7, ZRLE = 16, QUALITY_0 = -32, QUALITY_6 = -26, QUALITY_9 = -23, COMPRESS_1 = -255,
       COMPRESS_9 = -247, EXTENDED_SIZE = -308, SIZE = -223, FENCE = -312, CONTINUOUS = -313 };

static const struct rfb_client_format formats[] = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0},                /* the server's */
    {32, 24, 1, 255, 255, 255, 16, 8, 0},       /* big-endian */
    {32, 24, 0, 255, 255, 255, 8, 16, 24},      /* the lowest byte is not used */
    {32, 24, 1, 255, 255, 255, 24, 16, 8},
    {16, 16, 0, 31, 63, 31, 11, 5, 0},
    {16, 16, 1, 31, 63, 31, 11, 5, 0},
    {8, 8, 0, 7, 7, 3, 0, 3, 6},
};

/* What the format cannot tell apart: half a step of its coarsest part, and rounding. */
static unsigned format_error(const struct rfb_client_format *f)
{
    return f->bits == 8 ? 43 : f->bits == 16 ? 6 : 0;
}

static void same_over_changes(const int32_t *encodings, unsigned n, const struct rfb_client_format *format, unsigned width,
                              unsigned height, unsigned changes, size_t portion)
{
    struct ends e = {.portion = portion};
    e.c.format = *format;
    ends_start(&e, width, height, encodings, n, NULL);
    for (unsigned i = 0; i < changes; i++) {
        ends_settle(&e, false);
        assert_in_range(ends_difference(&e), 0, format_error(format));
        scene_change(&e.s);
    }
    ends_free(&e);
}

static void test_lossless_encodings_are_exact_in_every_format(void **state)
{
    static const int32_t sets[3][2] = {{RAW, COPY}, {TIGHT, COPY}, {ZRLE, COPY}};
    (void)state;
    for (unsigned s = 0; s < 3; s++)
        for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++)
            same_over_changes(sets[s], 2, &formats[f], 333, 217, 30, 0);
}

static void test_lossless_encodings_are_exact_in_every_size(void **state)
{
    static const unsigned sizes[][2] = {{1, 1}, {63, 64}, {64, 63}, {65, 65}, {1, 500}, {500, 1}, {128, 128}, {2500, 70}};
    static const int32_t sets[3][2] = {{RAW, COPY}, {TIGHT, COPY}, {ZRLE, COPY}};
    (void)state;
    for (unsigned s = 0; s < 3; s++)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
            same_over_changes(sets[s], 2, &formats[0], sizes[i][0], sizes[i][1], 12, 0);
}

static void test_one_byte_at_a_time_gives_the_same_picture(void **state)
{
    static const int32_t tight[] = {TIGHT, COPY, EXTENDED_SIZE, FENCE, CONTINUOUS}, zrle[] = {ZRLE};
    (void)state;
    same_over_changes(tight, 5, &formats[0], 200, 130, 8, 1);
    same_over_changes(zrle, 1, &formats[4], 100, 70, 6, 1);
}

static void test_jpeg_is_near_and_exact_after_a_quiet_moment(void **state)
{
    (void)state;
    for (int quality = 0; quality <= 9; quality += 3) {
        const int32_t encodings[] = {TIGHT, COPY, QUALITY_0 + quality};
        struct ends e = {0};
        ends_start(&e, 400, 300, encodings, 3, NULL);
        scene_photo(&e.s, 10, 20, 300, 200);
        scene_text(&e.s, 0, 230, 400, 64);
        ends_settle(&e, false);
        assert_in_range(e.c.jpegs, 1, 40);
        assert_in_range(ends_mean_difference(&e), 1, quality == 9 ? 15 : 60);
        ends_settle(&e, true);
        assert_int_equal(ends_difference(&e), 0);
        assert_int_equal(rfb_next_ms(e.r, e.now), -1);
        ends_free(&e);
    }
}

static void test_jpeg_never_mixes_into_what_is_exact(void **state)
{
    static const int32_t encodings[] = {TIGHT, COPY, QUALITY_6};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 400, 300, encodings, 3, NULL);
    for (unsigned i = 0; i < 60; i++) {
        scene_change(&e.s);
        ends_frame(&e);
        if (i % 7 == 6) {
            ends_settle(&e, true);
            assert_int_equal(ends_difference(&e), 0);
        }
    }
    ends_free(&e);
}

static void test_text_and_windows_never_go_as_jpeg(void **state)
{
    static const int32_t encodings[] = {TIGHT, QUALITY_0};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 640, 480, encodings, 2, NULL);
    scene_fill(&e.s, 0, 0, 640, 30, 0x0040a0);
    scene_text(&e.s, 10, 200, 620, 270);
    ends_settle(&e, false);
    assert_int_equal(e.c.jpegs, 0);
    assert_true(e.c.palettes > 0 && e.c.fills > 0);
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

static void test_a_typed_letter_costs_its_own_pixels(void **state)
{
    static const int32_t encodings[] = {TIGHT, QUALITY_6};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 640, 480, encodings, 2, NULL);
    scene_text(&e.s, 0, 0, 640, 480);
    ends_settle(&e, true);
    uint64_t before = e.bytes;
    for (unsigned i = 0; i < 20; i++) {
        scene_letter(&e.s, 100 + 8 * i, 200, i);
        ends_frame(&e);
    }
    assert_in_range(e.bytes - before, 20 * 20, 20 * 120);
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

/* ---- moved areas ---- */

static void scroll(int dx, int dy, bool photo)
{
    static const int32_t encodings[] = {TIGHT, COPY, QUALITY_6};
    struct ends e = {0};
    struct rfb_stats before, after;
    ends_start(&e, 900, 700, encodings, 3, NULL);
    scene_fill(&e.s, 0, 0, 900, 700, 0x204060);
    scene_text(&e.s, 50, 61, 800, 599);
    if (photo)
        scene_photo(&e.s, 300, 200, 256, 200);
    ends_settle(&e, true);
    rfb_stats(e.r, &before);
    uint64_t bytes = e.bytes;
    for (unsigned i = 0; i < 6; i++) {
        scene_move(&e.s, 50, 61, 800, 599, dx, dy);
        ends_frame(&e);
    }
    rfb_stats(e.r, &after);
    assert_in_range(after.rects_copy - before.rects_copy, 5, 60);
    assert_in_range(e.bytes - bytes, 1, photo ? 30000 : 12000); /* all of it: about 130,000 each time */
    ends_settle(&e, true);
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

static void test_scrolling_and_dragging_go_as_copies(void **state)
{
    (void)state;
    scroll(0, -48, false);
    scroll(0, 16, false);
    scroll(-33, 0, false);
    scroll(70, 0, false);
    scroll(13, -7, false);
    scroll(-5, 90, false);
}

/* What was JPEG where it came from is JPEG where it went: it is sharpened there. */
static void test_a_moved_photo_is_exact_in_the_end(void **state)
{
    (void)state;
    scroll(0, -48, true);
    scroll(21, 10, true);
}

static void test_a_copy_never_reads_what_the_viewer_has_not_got_yet(void **state)
{
    static const int32_t encodings[] = {TIGHT, COPY};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 2000, 1400, encodings, 2, NULL);
    /* Photos without JPEG are larger than the budget of one update: tiles are waiting while others move. */
    for (unsigned i = 0; i < 12; i++) {
        if (i % 4 == 0)
            scene_photo(&e.s, 0, 0, 2000, 1400);
        scene_move(&e.s, 0, 100, 2000, 1300, 0, -40);
        ends_frame(&e);
    }
    ends_settle(&e, true);
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

/* ---- sizes ---- */

static void resize_scene(struct ends *e, unsigned w, unsigned h)
{
    scene_free(&e->s);
    scene_start(&e->s, w, h, w);
    scene_text(&e->s, 0, 0, w, h);
}

static void resizing(int32_t encoding, bool continuous)
{
    static const unsigned sizes[][2] = {{640, 480}, {300, 200}, {1024, 768}, {1, 1}, {64, 64}};
    const int32_t encodings[] = {TIGHT, COPY, encoding, FENCE, CONTINUOUS};
    struct ends e = {0};
    ends_start(&e, 500, 400, encodings, continuous ? 5 : 3, NULL);
    for (unsigned i = 0; i < 5; i++) {
        resize_scene(&e, sizes[i][0], sizes[i][1]);
        ends_settle(&e, false);
        if (continuous)
            rfb_client_continuous(&e.c, true);
        ends_pump(&e);
        ends_settle(&e, false);
        assert_int_equal(e.c.width, sizes[i][0]);
        assert_int_equal(e.c.height, sizes[i][1]);
        assert_int_equal(ends_difference(&e), 0);
    }
    ends_free(&e);
}

static void test_the_viewer_follows_a_new_size(void **state)
{
    (void)state;
    resizing(SIZE, false);
    resizing(EXTENDED_SIZE, false);
    resizing(EXTENDED_SIZE, true);
}

static void test_a_viewer_of_fixed_size_gets_it_cropped_or_on_black(void **state)
{
    static const int32_t encodings[] = {TIGHT, COPY};
    static const unsigned sizes[][2] = {{700, 200}, {100, 100}, {500, 400}, {500, 399}};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 500, 400, encodings, 2, NULL);
    for (unsigned i = 0; i < 4; i++) {
        resize_scene(&e, sizes[i][0], sizes[i][1]);
        ends_settle(&e, false);
        assert_int_equal(e.c.width, 500);
        assert_int_equal(ends_difference(&e), 0);
    }
    ends_free(&e);
}

/* ---- changes of mind ---- */

static void test_encodings_levels_and_formats_may_change_at_any_time(void **state)
{
    static const int32_t sets[][3] = {{TIGHT, COMPRESS_1, COPY}, {TIGHT, COMPRESS_9, COPY}, {ZRLE, COMPRESS_1, COPY},
                                      {ZRLE, COMPRESS_9, COPY},  {RAW, COPY, COPY},         {TIGHT, QUALITY_9, COPY}};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 300, 200, sets[0], 3, NULL);
    for (unsigned i = 0; i < 60; i++) {
        scene_change(&e.s);
        memcpy(e.c.encodings, sets[i * 7 % 6], sizeof sets[0]);
        rfb_client_send_encodings(&e.c);
        ends_pump(&e);
        ends_settle(&e, true);
        assert_int_equal(ends_difference(&e), 0);
    }
    ends_free(&e);
}

static void test_a_full_request_sends_all_again_and_a_part_only_that(void **state)
{
    static const int32_t encodings[] = {RAW};
    struct ends e = {.c.silent = true};
    (void)state;
    ends_start(&e, 256, 192, encodings, 1, NULL);
    rfb_client_request(&e.c, false);
    ends_pump(&e);
    ends_frame(&e);
    assert_in_range(e.bytes, 256 * 192 * 4, 256 * 192 * 4 + 400);
    uint64_t before = e.bytes;
    static const uint8_t part[10] = {3, 0, 0, 70, 0, 70, 0, 10, 0, 10};
    pile_put(&e.c.out, part, sizeof part);
    ends_pump(&e);
    ends_frame(&e);
    assert_int_equal(e.bytes - before, 4 + 12 + 10 * 10 * 4);
    ends_frame(&e); /* nothing was asked for */
    assert_int_equal(e.bytes - before, 4 + 12 + 10 * 10 * 4);
    ends_free(&e);
}

static void test_the_unused_byte_of_captures_changes_nothing(void **state)
{
    static const int32_t encodings[] = {TIGHT, COPY};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 300, 200, encodings, 2, NULL);
    scene_text(&e.s, 0, 0, 300, 200);
    ends_settle(&e, false);
    uint64_t before = e.bytes;
    for (size_t i = 3; i < 300 * 200 * 4; i += 4)
        e.s.pixels[i] ^= (uint8_t)i;
    ends_frame(&e);
    assert_int_equal(e.bytes, before);
    ends_free(&e);
}

static void test_hints_spare_the_comparison_of_the_rest(void **state)
{
    static const int32_t encodings[] = {TIGHT};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 640, 480, encodings, 1, NULL);
    ends_settle(&e, false);
    scene_fill(&e.s, 10, 10, 20, 20, 0xff0000);
    scene_fill(&e.s, 500, 400, 20, 20, 0x00ff00);
    struct rfb_frame f = scene_frame(&e.s);
    const struct rfb_rect first = {10, 10, 20, 20}, both[2] = {{500, 400, 20, 20}, {9999, 0, 50, 50}};
    assert_int_equal(rfb_update(e.r, &f, &first, 1, e.now, NULL), RFB_OK);
    ends_pump(&e);
    assert_int_equal(ends_difference(&e), 0xe0); /* the second is not there yet */
    assert_int_equal(rfb_update(e.r, &f, both, 2, e.now, NULL), RFB_OK);
    ends_pump(&e);
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lossless_encodings_are_exact_in_every_format),
        cmocka_unit_test(test_lossless_encodings_are_exact_in_every_size),
        cmocka_unit_test(test_one_byte_at_a_time_gives_the_same_picture),
        cmocka_unit_test(test_jpeg_is_near_and_exact_after_a_quiet_moment),
        cmocka_unit_test(test_jpeg_never_mixes_into_what_is_exact),
        cmocka_unit_test(test_text_and_windows_never_go_as_jpeg),
        cmocka_unit_test(test_a_typed_letter_costs_its_own_pixels),
        cmocka_unit_test(test_scrolling_and_dragging_go_as_copies),
        cmocka_unit_test(test_a_moved_photo_is_exact_in_the_end),
        cmocka_unit_test(test_a_copy_never_reads_what_the_viewer_has_not_got_yet),
        cmocka_unit_test(test_the_viewer_follows_a_new_size),
        cmocka_unit_test(test_a_viewer_of_fixed_size_gets_it_cropped_or_on_black),
        cmocka_unit_test(test_encodings_levels_and_formats_may_change_at_any_time),
        cmocka_unit_test(test_a_full_request_sends_all_again_and_a_part_only_that),
        cmocka_unit_test(test_the_unused_byte_of_captures_changes_nothing),
        cmocka_unit_test(test_hints_spare_the_comparison_of_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
