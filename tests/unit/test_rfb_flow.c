/* How much is on the way: fences, continuous updates, the congestion window over simulated links, and a viewer that
 * reads slowly or not at all. S-40 S-46 */
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TIGHT = 7, COPY = 1, QUALITY_6 = -26, FENCE = -312, CONTINUOUS = -313 };
static const int32_t modern[] = {TIGHT, COPY, QUALITY_6, FENCE, CONTINUOUS};

/* ---- messages ---- */

static void test_fences_of_the_viewer_are_answered_in_order(void **state)
{
    static const uint8_t fence[12] = {248, 0, 0, 0, 0x80, 0, 0, 0xff, 3, 'a', 'b', 'c'};
    struct ends e = {0};
    (void)state;
    ends_start(&e, 100, 80, modern, 5, NULL);
    pile_put(&e.c.out, fence, sizeof fence);
    ends_pump(&e);
    assert_int_equal(e.c.fence_replies.size, 3);
    assert_memory_equal(e.c.fence_replies.data, "abc", 3);
    ends_free(&e);
}

static void test_continuous_updates_need_no_requests_and_end_when_asked(void **state)
{
    struct ends e = {.c.silent = true};
    struct rfb_stats stats;
    (void)state;
    ends_start(&e, 300, 200, modern, 5, NULL);
    assert_true(e.c.continuous_known);
    rfb_client_continuous(&e.c, true);
    ends_pump(&e);
    for (unsigned i = 0; i < 5; i++) {
        scene_fill(&e.s, 10 * i, 10, 9, 9, 0x123456);
        ends_frame(&e);
        assert_int_equal(ends_difference(&e), 0);
    }
    rfb_client_continuous(&e.c, false);
    ends_pump(&e);
    assert_true(e.c.continuous_ended);
    rfb_stats(e.r, &stats);
    assert_false(stats.continuous);
    scene_fill(&e.s, 0, 100, 50, 50, 0xff);
    ends_frame(&e);
    assert_int_not_equal(ends_difference(&e), 0);
    ends_free(&e);
}

static void test_only_the_asked_for_area_is_sent(void **state)
{
    static const uint8_t corner[10] = {150, 1, 0, 0, 0, 0, 0, 64, 0, 64};
    struct ends e = {.c.silent = true};
    (void)state;
    ends_start(&e, 300, 200, modern, 5, NULL);
    rfb_client_request(&e.c, false);
    ends_pump(&e);
    assert_int_equal(rfb_next_ms(e.r, e.now), -1); /* there has been no frame yet */
    ends_settle(&e, true);
    pile_put(&e.c.out, corner, sizeof corner);
    ends_pump(&e);
    uint64_t before = e.bytes;
    scene_fill(&e.s, 100, 100, 50, 50, 0xff);
    ends_frame(&e);
    assert_int_equal(rfb_next_ms(e.r, e.now), -1); /* what nobody asked for is not due */
    assert_int_equal(e.bytes, before);
    scene_fill(&e.s, 0, 0, 20, 20, 0xff);
    ends_frame(&e);
    assert_true(e.bytes > before);
    assert_int_equal(e.c.pixels[0], 0xff);
    ends_free(&e);
}

/* ---- viewers that are slow ---- */

static void test_a_viewer_that_does_not_read_gets_no_queue_but_the_newest_picture(void **state)
{
    struct ends e = {0};
    size_t waiting;
    (void)state;
    ends_start(&e, 1000, 800, modern, 3, NULL);
    ends_settle(&e, false);
    rfb_client_request(&e.c, true);
    ends_pump(&e);
    for (unsigned i = 0; i < 100; i++) {
        struct rfb_frame f;
        scene_photo(&e.s, 0, 0, 1000, 100);
        f = scene_frame(&e.s);
        e.now += 33;
        assert_int_equal(rfb_update(e.r, &f, NULL, 0, e.now, NULL), RFB_OK);
        rfb_client_request(&e.c, true); /* it asks and asks */
        assert_int_equal(rfb_feed(e.r, e.c.out.data, e.c.out.size, e.now), RFB_OK);
        pile_take(&e.c.out, e.c.out.size);
        (void)rfb_output(e.r, &waiting);
        assert_in_range(waiting, 1, RFB_OUTPUT_BUSY + 200000);
    }
    assert_false(rfb_wants_frame(e.r, e.now));
    ends_pump(&e);
    ends_settle(&e, true);
    assert_int_equal(ends_difference(&e), 0);
    ends_free(&e);
}

static void test_without_answers_to_fences_the_window_closes_and_later_opens(void **state)
{
    struct ends e = {.c = {.silent = true, .hold_fences = true}};
    struct rfb_stats stats;
    unsigned frames = 0;
    (void)state;
    ends_start(&e, 800, 600, modern, 5, NULL);
    rfb_client_continuous(&e.c, true);
    ends_pump(&e);
    for (; frames < 100 && rfb_wants_frame(e.r, e.now); frames++) {
        scene_photo(&e.s, 0, 0, 800, 600);
        ends_frame(&e);
    }
    rfb_stats(e.r, &stats);
    assert_in_range(frames, 2, 20);
    assert_in_range(e.bytes, stats.window, stats.window * 3);
    pile_put(&e.c.out, e.c.held.data, e.c.held.size);
    e.c.held.size = 0;
    ends_pump(&e);
    assert_true(rfb_wants_frame(e.r, e.now));
    for (frames = 0; frames < 100 && rfb_wants_frame(e.r, e.now); frames++) {
        scene_photo(&e.s, 0, 0, 800, 600);
        ends_frame(&e);
    }
    assert_false(rfb_wants_frame(e.r, e.now + 9000));
    assert_true(rfb_wants_frame(e.r, e.now + 11000)); /* it never answers: treated as if it knew no fences */
    ends_free(&e);
}

static void test_false_answers_to_fences_change_nothing(void **state)
{
    static const uint8_t answers[][17] = {{248, 0, 0, 0, 0, 0, 0, 1, 8, 'b', 'w', 'i', 'n', 0, 0, 0, 99},
                                          {248, 0, 0, 0, 0, 0, 0, 1, 8, 'x', 'w', 'i', 'n', 0, 0, 0, 1},
                                          {248, 0, 0, 0, 0, 0, 0, 1, 8, 'b', 'w', 'i', 'n', 255, 255, 255, 255}};
    struct ends e = {0};
    struct rfb_stats before, after;
    (void)state;
    ends_start(&e, 300, 200, modern, 5, NULL);
    ends_settle(&e, false);
    rfb_stats(e.r, &before);
    for (unsigned i = 0; i < 3; i++)
        pile_put(&e.c.out, answers[i], sizeof answers[i]);
    ends_pump(&e);
    rfb_stats(e.r, &after);
    assert_int_equal(before.rtt_ms, after.rtt_ms);
    assert_int_equal(before.window, after.window);
    ends_free(&e);
}

/* ---- links ---- */

enum { DELAY_MAX = 256 };

struct link {
    struct ends e;
    unsigned delay, rate; /* ms one way, bytes per ms */
    struct pile there[DELAY_MAX], back[DELAY_MAX];
    struct pile ring; /* what the engine gave away and the link has not taken yet, as in the mux */
};

/* One millisecond. */
static void tick(struct link *l)
{
    struct ends *e = &l->e;
    unsigned slot = (unsigned)(e->now % l->delay);
    size_t n, room = 262144 - l->ring.size;
    const uint8_t *p = rfb_output(e->r, &n);
    n = n < room ? n : room;
    pile_put(&l->ring, p, n);
    rfb_output_taken(e->r, n);
    rfb_client_feed(&e->c, l->there[slot].data, l->there[slot].size);
    assert_null(e->c.error);
    e->bytes += l->there[slot].size;
    l->there[slot].size = 0;
    n = l->ring.size < l->rate ? l->ring.size : l->rate;
    pile_put(&l->there[slot], l->ring.data, n);
    pile_take(&l->ring, n);
    assert_int_equal(rfb_feed(e->r, l->back[slot].data, l->back[slot].size, e->now), RFB_OK);
    l->back[slot].size = 0;
    pile_put(&l->back[slot], e->c.out.data, e->c.out.size);
    e->c.out.size = 0;
    e->now++;
}

static void link_start(struct link *l, unsigned delay, unsigned rate)
{
    memset(l, 0, sizeof *l);
    l->delay = delay;
    l->rate = rate;
    l->e.c.silent = true;
    ends_start(&l->e, 640, 480, modern, 5, NULL);
    rfb_client_continuous(&l->e.c, true);
    ends_pump(&l->e);
    ends_settle(&l->e, true);
}

static void link_free(struct link *l)
{
    for (unsigned i = 0; i < DELAY_MAX; i++) {
        pile_free(&l->there[i]);
        pile_free(&l->back[i]);
    }
    pile_free(&l->ring);
    ends_free(&l->e);
}

/* A film runs; now and then a spot changes beside it. Returns the mean time until the viewer has the spot. */
static unsigned echo_under_film(struct link *l, unsigned seconds)
{
    struct ends *e = &l->e;
    int64_t end = e->now + seconds * 1000, since = 0;
    unsigned spots = 0, colour = 0;
    int64_t waited = 0;
    for (int64_t next = e->now; e->now < end; tick(l)) {
        if (e->now >= next) {
            struct rfb_frame f;
            next += 33;
            scene_photo(&e->s, 0, 0, 500, 300);
            f = scene_frame(&e->s);
            if (rfb_wants_frame(e->r, e->now))
                assert_int_equal(rfb_update(e->r, &f, NULL, 0, e->now, NULL), RFB_OK);
        } else if (rfb_next_ms(e->r, e->now) == 0) {
            assert_int_equal(rfb_update(e->r, NULL, NULL, 0, e->now, NULL), RFB_OK);
        }
        if (since == 0 && e->now % 100 == 0) {
            scene_fill(&e->s, 600, 400, 8, 8, ++colour * 0x010203);
            since = e->now;
        } else if (since > 0 && e->c.pixels[402 * 640 + 602] == colour * 0x010203) {
            waited += e->now - since;
            since = 0;
            spots++;
        }
    }
    assert_true(spots > 3);
    return (unsigned)(waited / spots);
}

static void over_link(unsigned delay, unsigned rate, unsigned echo_max, unsigned used_min)
{
    static struct link l;
    link_start(&l, delay, rate);
    (void)echo_under_film(&l, 11); /* round trips of the handshake, which had no link, are forgotten */
    uint64_t before = l.e.bytes;
    unsigned echo = echo_under_film(&l, 6);
    unsigned used = (unsigned)((l.e.bytes - before) * 100 / (6000 * (uint64_t)rate));
    print_message("%u ms, %u B/ms: echo %u ms, %u %% used\n", delay, rate, echo, used);
    assert_in_range(echo, delay, echo_max);
    assert_in_range(used, used_min, 100);
    link_free(&l);
}

static void test_the_window_keeps_links_busy_and_latency_low(void **state)
{
    (void)state;
    over_link(5, 12500, 80, 3);   /* 100 Mbit/s; the film needs 600 kB/s */
    over_link(20, 1250, 130, 35); /* 10 Mbit/s, 40 ms */
    over_link(100, 625, 300, 70); /* 5 Mbit/s, 200 ms */
    over_link(30, 125, 800, 80);  /* 1 Mbit/s */
}

/* Sharpening never stands in the way: it goes when nothing else is on the way, in small pieces. */
static void test_sharpening_leaves_room_for_changes(void **state)
{
    static struct link l;
    struct ends *e = &l.e;
    int64_t worst = 0, changed;
    unsigned colour = 0;
    (void)state;
    link_start(&l, 20, 250); /* 2 Mbit/s */
    scene_photo(&e->s, 0, 0, 640, 400);
    for (unsigned i = 0; i < 12; i++) {
        for (unsigned ms = 0; ms < 270 + i * 23; ms++, tick(&l)) {
            struct rfb_frame f = scene_frame(&e->s);
            if (ms % 33 == 0 && rfb_wants_frame(e->r, e->now))
                assert_int_equal(rfb_update(e->r, &f, NULL, 0, e->now, NULL), RFB_OK);
            else if (rfb_next_ms(e->r, e->now) == 0)
                assert_int_equal(rfb_update(e->r, NULL, NULL, 0, e->now, NULL), RFB_OK);
        }
        if (i < 3)
            continue; /* the photo itself */
        scene_fill(&e->s, 600, 400, 8, 8, ++colour * 0x010203);
        struct rfb_frame f = scene_frame(&e->s);
        for (changed = e->now; e->c.pixels[402 * 640 + 602] != colour * 0x010203; tick(&l))
            if (rfb_wants_frame(e->r, e->now))
                assert_int_equal(rfb_update(e->r, &f, NULL, 0, e->now, NULL), RFB_OK);
        worst = e->now - changed > worst ? e->now - changed : worst;
    }
    print_message("behind sharpening: %d ms at worst\n", (int)worst);
    assert_in_range(worst, 20, 400);
    assert_int_not_equal(ends_difference(e), 0); /* it was still being sharpened */
    for (unsigned ms = 0; ms < 60000 && ends_difference(e) > 0; ms += 100)
        for (unsigned i = 0; i < 100; i++, tick(&l))
            if (rfb_next_ms(e->r, e->now) == 0)
                assert_int_equal(rfb_update(e->r, NULL, NULL, 0, e->now, NULL), RFB_OK);
    assert_int_equal(ends_difference(e), 0);
    link_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fences_of_the_viewer_are_answered_in_order),
        cmocka_unit_test(test_continuous_updates_need_no_requests_and_end_when_asked),
        cmocka_unit_test(test_only_the_asked_for_area_is_sent),
        cmocka_unit_test(test_a_viewer_that_does_not_read_gets_no_queue_but_the_newest_picture),
        cmocka_unit_test(test_without_answers_to_fences_the_window_closes_and_later_opens),
        cmocka_unit_test(test_false_answers_to_fences_change_nothing),
        cmocka_unit_test(test_the_window_keeps_links_busy_and_latency_low),
        cmocka_unit_test(test_sharpening_leaves_room_for_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
