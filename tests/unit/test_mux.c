/* The mux against proto/vectors/mux.json, and what its own side promises: bytes kept until consumed, strict priority,
 * bounded memory. S-8 S-46 */
#include "agent/core/mux.h"
#include "agent/core/record.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GOT_MAX = 600000 };

/* What one end handed on since the last look. */
struct heard {
    uint8_t data[MUX_CHANNELS][20000];
    size_t n[MUX_CHANNELS];
    int reset, pongs;
    uint64_t pong;
};

static void on_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct heard *h = user;
    assert_true(h->n[channel] + n <= sizeof h->data[0]);
    memcpy(h->data[channel] + h->n[channel], data, n);
    h->n[channel] += n;
}

static void on_reset(void *user, enum mux_channel channel)
{
    ((struct heard *)user)->reset = (int)channel;
}

static void on_pong(void *user, uint64_t sent_ms)
{
    struct heard *h = user;
    h->pongs++;
    h->pong = sent_ms;
}

static struct mux *new_mux(struct heard *h)
{
    struct mux_hooks hooks = {.user = h, .data = on_data, .reset = on_reset, .pong = on_pong};
    struct mux *m = mux_new(&hooks);
    assert_non_null(m);
    return m;
}

/* ---- vectors ---- */

static void expect_heard(const json_t *step, struct heard *h)
{
    const json_t *one;
    size_t i, wanted[MUX_CHANNELS] = {0};
    json_array_foreach(get(step, "data"), i, one)
    {
        size_t channel = (size_t)json_integer_value(json_array_get(one, 0));
        struct blob b = unhex(json_string_value(json_array_get(one, 1)));
        assert_true(wanted[channel] + b.n <= h->n[channel]);
        assert_memory_equal(h->data[channel] + wanted[channel], b.data, b.n);
        wanted[channel] += b.n;
    }
    for (i = 0; i < MUX_CHANNELS; i++)
        assert_int_equal(h->n[i], wanted[i]);
    const json_t *pong = json_object_get(step, "pong"), *reset = json_object_get(step, "reset");
    assert_int_equal(h->pongs, pong != NULL);
    if (pong)
        assert_int_equal(h->pong, json_integer_value(pong));
    assert_int_equal(h->reset, reset ? json_integer_value(reset) : -1);
}

static void do_step(struct mux *m, struct heard *h, const json_t *step, const char *name)
{
    const json_t *value;
    uint8_t out[RECORD_PLAIN_MAX];
    memset(h, 0, sizeof *h);
    h->reset = -1;
    if ((value = json_object_get(step, "send"))) {
        struct blob b = unhex(json_string_value(json_array_get(value, 1)));
        assert_int_equal(mux_send(m, (enum mux_channel)json_integer_value(json_array_get(value, 0)), b.data, b.n), 0);
    } else if ((value = json_object_get(step, "output"))) {
        struct blob want = unhex(json_string_value(value));
        size_t n = mux_output(m, out, sizeof out);
        if (n != want.n || memcmp(out, want.data, n) != 0)
            fail_msg("%s: %zu bytes of output, wanted %zu", name, n, want.n);
    } else if ((value = json_object_get(step, "input"))) {
        struct blob b = unhex(json_string_value(value));
        if (mux_input(m, b.data, b.n) != 0)
            fail_msg("%s: refused", name);
        expect_heard(step, h);
    } else if ((value = json_object_get(step, "refused"))) {
        struct blob b = unhex(json_string_value(value));
        if (mux_input(m, b.data, b.n) != -1)
            fail_msg("%s: not refused", name);
    } else if (json_object_get(step, "resume")) {
        mux_resume(m);
    } else {
        mux_ping(m, (uint64_t)get_integer(step, "ping"));
    }
}

static void test_one_end_does_as_the_vectors_say(void **state)
{
    (void)state;
    static struct heard h;
    const json_t *one, *step;
    size_t i, j;
    json_array_foreach(get(vectors("mux"), "cases"), i, one)
    {
        struct mux *m = new_mux(&h);
        json_array_foreach(get(one, "steps"), j, step) do_step(m, &h, step, get_text(one, "name"));
        mux_free(m);
    }
}

/* ---- one end's promises ---- */

static void test_a_sender_stops_at_its_buffer_and_takes_all_or_nothing(void **state)
{
    (void)state;
    static struct heard h;
    static uint8_t big[MUX_WINDOW];
    uint8_t out[RECORD_PLAIN_MAX];
    struct mux *m = new_mux(&h);
    assert_int_equal(mux_room(m, MUX_FILES), MUX_WINDOW);
    assert_int_equal(mux_send(m, MUX_FILES, big, MUX_WINDOW + 1), -1);
    assert_int_equal(mux_room(m, MUX_FILES), MUX_WINDOW);
    assert_int_equal(mux_send(m, MUX_FILES, big, MUX_WINDOW), 0);
    assert_int_equal(mux_room(m, MUX_FILES), 0);
    assert_int_equal(mux_send(m, MUX_FILES, big, 1), -1);
    while (mux_output(m, out, sizeof out) > 0)
        ;
    assert_int_equal(mux_room(m, MUX_FILES), 0);          /* kept until the other end has consumed it */
    assert_int_equal(mux_send(m, MUX_SCREEN, big, 1), 0); /* channels do not share a buffer */
    mux_free(m);
}

static void test_a_full_lower_channel_does_not_hold_back_the_others(void **state)
{
    (void)state;
    static struct heard h;
    static uint8_t big[MUX_WINDOW];
    uint8_t out[RECORD_PLAIN_MAX];
    struct mux *m = new_mux(&h);
    assert_int_equal(mux_send(m, MUX_SCREEN, big, MUX_WINDOW), 0);
    while (mux_output(m, out, sizeof out) > 0)
        ; /* its window is used up */
    assert_int_equal(mux_send(m, MUX_FILES, "file", 4), 0);
    assert_int_equal(mux_output(m, out, sizeof out), MUX_FRAME_HEADER + 4);
    assert_int_equal(out[1], MUX_FILES);
    mux_free(m);
}

static void test_output_never_exceeds_what_it_is_given(void **state)
{
    (void)state;
    static struct heard h;
    static uint8_t big[1000];
    uint8_t out[RECORD_PLAIN_MAX];
    struct mux *m = new_mux(&h);
    mux_resume(m);
    mux_ping(m, 1);
    assert_int_equal(mux_send(m, MUX_CHAT, big, sizeof big), 0);
    for (size_t size = 64; size < 200; size++) {
        size_t n = mux_output(m, out, size);
        assert_true(n <= size);
    }
    mux_free(m);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

struct sink {
    size_t got;
};

static void check_pattern(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct sink *s = user;
    (void)channel;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(data[i], pattern(s->got + i));
    s->got += n;
}

static size_t write_pattern(struct mux *m, size_t written, size_t size)
{
    uint8_t chunk[9001];
    size_t n = mux_room(m, MUX_SCREEN);
    n = n < size ? n : size;
    for (size_t i = 0; i < n; i++)
        chunk[i] = pattern(written + i);
    assert_int_equal(mux_send(m, MUX_SCREEN, chunk, n), 0);
    return n;
}

/* Both directions lose what is on the wire at six different rhythms; every byte arrives once, in order. */
static void test_streams_survive_any_rhythm_of_losses(void **state)
{
    (void)state;
    for (unsigned rhythm = 3; rhythm < 9; rhythm++) {
        struct sink sinks[2] = {{0}, {0}};
        struct mux_hooks a = {.user = &sinks[0], .data = check_pattern}, b = {.user = &sinks[1], .data = check_pattern};
        struct mux *ends[2] = {mux_new(&a), mux_new(&b)};
        size_t written[2] = {0};
        uint8_t out[RECORD_PLAIN_MAX];
        for (unsigned turn = 1; sinks[0].got < GOT_MAX || sinks[1].got < GOT_MAX; turn++) {
            assert_true(turn < 5000);
            for (int i = 0; i < 2; i++) {
                written[i] += write_pattern(ends[i], written[i], 1000 + turn * 700 % 8000);
                size_t n = mux_output(ends[i], out, 100 + turn * 977 % (sizeof out - 100));
                if (turn % rhythm != 0)
                    assert_int_equal(mux_input(ends[1 - i], out, n), 0);
            }
            if (turn % rhythm == 0) {
                mux_resume(ends[0]);
                mux_resume(ends[1]);
            }
        }
        mux_free(ends[0]);
        mux_free(ends[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_end_does_as_the_vectors_say),
        cmocka_unit_test(test_a_sender_stops_at_its_buffer_and_takes_all_or_nothing),
        cmocka_unit_test(test_a_full_lower_channel_does_not_hold_back_the_others),
        cmocka_unit_test(test_output_never_exceeds_what_it_is_given),
        cmocka_unit_test(test_streams_survive_any_rhythm_of_losses),
    };
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
