/* The beat of remote control over a fake clock: when frames are captured, what happens while nobody reads, over a
 * lost connection, and to keys that were held. S-7 S-8 S-40 */
#include "agent/core/program_internal.h"
#include "fake_net.h"
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIGHT = 7, COPY = 1, CURSOR = -239, FENCE = -312, CONTINUOUS = -313 };
static const int32_t modern[] = {TIGHT, COPY, CURSOR, FENCE, CONTINUOUS};

static struct program program;
static struct viewer *const viewer = &program.viewers[0];
static struct rfb_client client;
static struct mux *far_mux; /* the viewer's end */
static struct scene scene;
static bool cut_off; /* nothing passes between the ends */

static struct {
    unsigned grabs, keys, pointers, ups;
    uint32_t up[40];
    unsigned x, y, buttons;
    int64_t cost; /* of a grab, ms */
    bool moving;  /* each frame is another */
    const struct rfb_cursor *cursor;
} pc;

/* ---- the PC ---- */

static bool grab(void *user, struct rfb_frame *out)
{
    (void)user;
    pc.grabs++;
    fake_net_advance(pc.cost);
    if (pc.moving)
        scene_fill(&scene, pc.grabs * 8 % 300, 20, 30, 30, pc.grabs * 0x9e37);
    *out = scene_frame(&scene);
    return true;
}

static bool cursor(void *user, struct rfb_cursor *out)
{
    (void)user;
    if (!pc.cursor)
        return false;
    *out = *pc.cursor;
    pc.cursor = NULL; /* told once */
    return true;
}

static void on_key(void *user, bool down, uint32_t keysym, uint32_t scancode)
{
    (void)user, (void)scancode;
    pc.keys++;
    if (!down)
        pc.up[pc.ups++] = keysym;
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    (void)user;
    pc.pointers++;
    pc.x = x;
    pc.y = y;
    pc.buttons = buttons;
}

/* ---- two ends ---- */

static void on_near(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    (void)user;
    assert_int_equal(channel, MUX_SCREEN);
    assert_int_equal(rfb_feed(viewer->rfb, data, n, clock_monotonic_ms()), RFB_OK);
}

static void on_far(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    (void)user;
    assert_int_equal(channel, MUX_SCREEN);
    rfb_client_feed(&client, data, n);
    assert_null(client.error);
}

static size_t carry(struct mux *from, struct mux *to)
{
    uint8_t plain[16384];
    size_t n, all = 0;
    while ((n = mux_output(from, plain, sizeof plain)) > 0) {
        assert_int_equal(mux_input(to, plain, n), 0);
        all += n;
    }
    return all;
}

static void exchange(void)
{
    if (cut_off)
        return;
    do {
        if (client.out.size > 0 && mux_send(far_mux, MUX_SCREEN, client.out.data, client.out.size) == 0)
            client.out.size = 0;
    } while (carry(far_mux, viewer->mux) + carry(viewer->mux, far_mux) > 0 || client.out.size > 0);
}

/* The program's loop for ms milliseconds: waits as it is told, at most a tenth of a second. Returns its turns. */
static unsigned run(int64_t ms)
{
    unsigned turns = 0;
    for (int64_t end = clock_monotonic_ms() + ms; clock_monotonic_ms() < end; turns++) {
        exchange();
        assert_true(remote_step(viewer, clock_monotonic_ms()));
        exchange();
        int wait = remote_wait_ms(viewer, clock_monotonic_ms());
        fake_net_advance(wait < 0 || wait > 100 ? 100 : wait);
    }
    return turns;
}

static int setup(void **state)
{
    struct mux_hooks near = {.data = on_near}, far = {.data = on_far};
    (void)state;
    memset(&program, 0, sizeof program);
    memset(&pc, 0, sizeof pc);
    program.seams = (struct program_seams){.grab = grab, .cursor = cursor, .key = on_key, .pointer = on_pointer};
    viewer->program = &program;
    viewer->mux = mux_new(&near);
    far_mux = mux_new(&far);
    fake_net_reset();
    cut_off = false;
    scene_start(&scene, 400, 300, 5);
    memcpy(client.encodings, modern, sizeof modern);
    client.n_encodings = 5;
    rfb_client_start(&client);
    assert_true(remote_start(viewer));
    run(600);
    assert_int_equal(client.width, 400);
    rfb_client_continuous(&client, true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rfb_free(viewer->rfb);
    mux_free(viewer->mux);
    mux_free(far_mux);
    rfb_client_free(&client);
    scene_free(&scene);
    free(program.cursor_pixels);
    return 0;
}

static unsigned grabs_in(int64_t ms)
{
    unsigned before = pc.grabs;
    unsigned turns = run(ms);
    assert_in_range(turns, 1, (pc.grabs - before) * 2 + 20); /* it sleeps between them */
    return pc.grabs - before;
}

/* ---- tests ---- */

static void test_a_changing_picture_has_thirty_frames_a_second(void **state)
{
    (void)state;
    pc.moving = true;
    run(200);
    unsigned updates = client.updates;
    assert_in_range(grabs_in(1000), 30, 31);
    assert_in_range(client.updates - updates, 30, 32);
}

static void test_a_still_picture_is_looked_at_less_and_an_input_wakes_it(void **state)
{
    (void)state;
    run(3000);
    assert_in_range(grabs_in(2000), 18, 21);
    rfb_client_pointer(&client, 5, 5, 0);
    run(1);
    assert_in_range(grabs_in(1000), 29, 31);
}

static void test_the_echo_of_a_key_is_awaited_closely_and_once(void **state)
{
    (void)state;
    run(3000);
    rfb_client_key(&client, true, 'a');
    rfb_client_key(&client, false, 'a');
    assert_in_range(grabs_in(50), 5, 7);
    scene_letter(&scene, 50, 50, 'a'); /* the program on the PC drew it */
    unsigned updates = client.updates;
    run(11);
    assert_int_equal(client.updates, updates + 1);
    assert_in_range(grabs_in(500), 14, 16);
}

static void test_hovering_is_no_reason_to_hurry_but_dragging_is(void **state)
{
    (void)state;
    run(500);
    rfb_client_pointer(&client, 10, 10, 0);
    assert_in_range(grabs_in(100), 2, 4);
    rfb_client_pointer(&client, 10, 10, 1);
    assert_in_range(grabs_in(100), 9, 12);
}

static void test_a_slow_capture_takes_half_of_the_time_at_most(void **state)
{
    (void)state;
    pc.cost = 50;
    pc.moving = true;
    run(500);
    assert_in_range(grabs_in(2000), 18, 21);
}

static void test_nothing_is_captured_while_nobody_reads_and_all_is_right_after(void **state)
{
    (void)state;
    run(200);
    cut_off = true;
    pc.moving = true;
    for (unsigned i = 0; i < 30; i++) {
        scene_photo(&scene, 0, 100, 400, 200);
        run(33);
    }
    unsigned before = pc.grabs;
    run(2000);
    assert_in_range(before, 2, 20);
    assert_int_equal(pc.grabs, before); /* the window is full */
    cut_off = false;
    pc.moving = false;
    run(2000);
    struct ends ends = {.c = client, .s = scene};
    assert_int_equal(ends_difference(&ends), 0);
}

/* Records that were on their way are lost; both ends resume, and the zlib streams go on. */
static void test_a_lost_connection_loses_and_repeats_nothing(void **state)
{
    uint8_t lost[16384];
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        scene_text(&scene, 0, 0, 400, 300);
        rfb_client_key(&client, i % 2 == 0, 'x');
        cut_off = true;
        run(100);
        while (mux_output(viewer->mux, lost, sizeof lost) > 0)
            ;
        if (client.out.size > 0 && mux_send(far_mux, MUX_SCREEN, client.out.data, client.out.size) == 0)
            client.out.size = 0;
        while (mux_output(far_mux, lost, sizeof lost) > 0)
            ;
        mux_resume(viewer->mux);
        mux_resume(far_mux);
        cut_off = false;
        run(400);
    }
    assert_int_equal(pc.keys, 20);
    struct ends ends = {.c = client, .s = scene};
    assert_int_equal(ends_difference(&ends), 0);
}

static void test_what_was_held_down_goes_up_when_the_viewer_is_gone(void **state)
{
    (void)state;
    rfb_client_key(&client, true, 0xffe1);
    rfb_client_qemu_key(&client, true, 'A', 0x1e);
    rfb_client_qemu_key(&client, false, 'a', 0x1e); /* Shift went up before it on the keyboard */
    rfb_client_key(&client, true, 0xffe3);
    rfb_client_pointer(&client, 30, 40, 5);
    run(50);
    assert_int_equal(pc.ups, 1);
    remote_release(viewer);
    assert_int_equal(pc.ups, 3);
    assert_true((pc.up[1] == 0xffe1 && pc.up[2] == 0xffe3) || (pc.up[1] == 0xffe3 && pc.up[2] == 0xffe1));
    assert_int_equal(pc.x, 30);
    assert_int_equal(pc.y, 40);
    assert_int_equal(pc.buttons, 0);
    unsigned pointers = pc.pointers;
    remote_release(viewer);
    assert_int_equal(pc.ups, 3);
    assert_int_equal(pc.pointers, pointers);
}

static void test_a_viewer_that_comes_later_gets_the_cursor_too(void **state)
{
    static const uint8_t pixels[8 * 8 * 4] = {1, 2, 3, 255};
    static const struct rfb_cursor arrow = {pixels, 8, 8, 0, 0};
    (void)state;
    pc.cursor = &arrow;
    run(100);
    assert_int_equal(client.cursors, 1);
    rfb_free(viewer->rfb); /* as if it were another slot */
    mux_free(viewer->mux);
    mux_free(far_mux);
    rfb_client_free(&client);
    viewer->mux = mux_new(&(struct mux_hooks){.data = on_near});
    far_mux = mux_new(&(struct mux_hooks){.data = on_far});
    memcpy(client.encodings, modern, sizeof modern);
    client.n_encodings = 5;
    assert_true(remote_start(viewer));
    run(1000);
    assert_int_equal(client.cursors, 1);
    assert_int_equal(client.cursor_w, 8);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_changing_picture_has_thirty_frames_a_second),
        TEST(test_a_still_picture_is_looked_at_less_and_an_input_wakes_it),
        TEST(test_the_echo_of_a_key_is_awaited_closely_and_once),
        TEST(test_hovering_is_no_reason_to_hurry_but_dragging_is),
        TEST(test_a_slow_capture_takes_half_of_the_time_at_most),
        TEST(test_nothing_is_captured_while_nobody_reads_and_all_is_right_after),
        TEST(test_a_lost_connection_loses_and_repeats_nothing),
        TEST(test_what_was_held_down_goes_up_when_the_viewer_is_gone),
        TEST(test_a_viewer_that_comes_later_gets_the_cursor_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
