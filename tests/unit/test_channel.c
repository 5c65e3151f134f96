/* Two ends of the encrypted channel in one process: pairing, password, resumes over lost connections, what a middle may
 * change. S-2 S-8 S-34 S-47 */
#include "agent/core/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct wire {
    uint8_t messages[64][20000];
    size_t sizes[64], n;
};

struct end {
    struct peer peer;
    struct mux *mux;
    struct wire out;
    struct handshake_keys keys;
    bool open, over;
    char reason[80];
    uint8_t got[600000];
    size_t got_size;
    int tries;
};

static struct end viewer, program;
static const char *secret_digits = "12345678";
static uint8_t pbkdf[32];

static void on_send(void *user, const uint8_t *message, size_t n)
{
    struct end *e = user;
    assert_true(e->out.n < 64 && n <= sizeof e->out.messages[0]);
    memcpy(e->out.messages[e->out.n], message, n);
    e->out.sizes[e->out.n++] = n;
}

static size_t send_room(void *user)
{
    struct end *e = user;
    return e->out.n < 60 ? 100000 : 0;
}

static void on_open(void *user, enum handshake_mode mode, const struct handshake_keys *keys)
{
    (void)mode;
    struct end *e = user;
    e->open = true;
    e->keys = *keys;
}

static void on_over(void *user, const char *reason, uint32_t retry_ms)
{
    (void)retry_ms;
    struct end *e = user;
    e->over = true;
    snprintf(e->reason, sizeof e->reason, "%s", reason ? reason : "broken");
}

static void on_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct end *e = user;
    assert_int_equal(channel, MUX_SCREEN);
    assert_true(e->got_size + n <= sizeof e->got);
    memcpy(e->got + e->got_size, data, n);
    e->got_size += n;
}

static const char *begin(void *user, enum handshake_mode mode, const uint8_t *resume_id, struct handshake_secret *out,
                         uint32_t *retry_ms)
{
    (void)retry_ms;
    struct end *e = user;
    if (mode == MODE_RESUME) {
        if (memcmp(resume_id, e->keys.resume_id, RESUME_ID_BYTES) != 0)
            return "ticket_invalid";
        memcpy(out->psk, e->keys.psk, KEY_BYTES);
        return NULL;
    }
    out->iterations = ITERATIONS_MIN;
    out->prs_size = mode == MODE_PAIR ? 8 : 32;
    memcpy(out->prs, mode == MODE_PAIR ? (const void *)secret_digits : pbkdf, out->prs_size);
    return NULL;
}

static bool count_try(void *user, enum handshake_mode mode)
{
    (void)mode;
    ((struct end *)user)->tries++;
    return true;
}

static uint32_t judged(void *user, enum handshake_mode mode, bool right)
{
    (void)mode;
    if (right)
        ((struct end *)user)->tries--;
    return 0;
}

static int stretch(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES])
{
    (void)user, (void)salt;
    assert_int_equal(iterations, ITERATIONS_MIN);
    memcpy(out, pbkdf, 32);
    return 0;
}

static void make_end(struct end *e)
{
    struct mux_hooks hooks = {.user = e, .data = on_data};
    memset(e, 0, sizeof *e);
    e->mux = mux_new(&hooks);
}

static void connect_ends(enum handshake_mode mode, const char *digits)
{
    struct handshake_hooks program_hooks = {&program, begin, count_try, judged};
    struct handshake_viewer_hooks viewer_hooks = {&viewer, stretch, NULL};
    struct peer_hooks hooks = {NULL, on_send, send_room, on_open, on_over};
    uint8_t psk[32], id[16];
    memcpy(psk, viewer.keys.psk, 32);
    memcpy(id, viewer.keys.resume_id, 16);
    viewer.out.n = program.out.n = 0;
    viewer.open = program.open = viewer.over = program.over = false;
    handshake_program(&program.peer.handshake, "sid", "conn", "claims", &program_hooks);
    handshake_viewer(&viewer.peer.handshake, mode, "sid", "conn", "claims", digits, psk, id, &viewer_hooks);
    hooks.user = &program;
    peer_start(&program.peer, program.mux, &hooks);
    hooks.user = &viewer;
    peer_start(&viewer.peer, viewer.mux, &hooks);
}

static void deliver(struct end *from, struct end *to)
{
    struct wire *w = malloc(sizeof *w);
    *w = from->out;
    from->out.n = 0;
    for (size_t i = 0; i < w->n; i++)
        peer_receive(&to->peer, w->messages[i], w->sizes[i]);
    free(w);
}

static void run(int turns)
{
    for (int i = 0; i < turns; i++) {
        deliver(&viewer, &program);
        deliver(&program, &viewer);
        peer_flush(&viewer.peer);
        peer_flush(&program.peer);
    }
}

static void setup_ends(void)
{
    assert_int_equal(crypto_start(), 0);
    make_end(&viewer);
    make_end(&program);
}

/* The connection is gone; the streams stay. */
static void cut(void)
{
    peer_cleanup(&viewer.peer);
    peer_cleanup(&program.peer);
}

static void free_ends(void)
{
    cut();
    mux_free(viewer.mux);
    mux_free(program.mux);
}

static void test_right_digits_pair_and_give_the_same_keys(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    assert_true(viewer.open && program.open);
    assert_memory_equal(viewer.keys.send, program.keys.receive, 32);
    assert_memory_equal(viewer.keys.psk, program.keys.psk, 32);
    assert_int_equal(program.tries, 0);
    free_ends();
}

static void test_wrong_digits_are_refused_and_counted(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345679");
    run(4);
    assert_false(viewer.open || program.open);
    assert_string_equal(viewer.reason, "code_invalid");
    assert_int_equal(program.tries, 1);
    free_ends();
}

static void test_password_mode_connects(void **state)
{
    (void)state;
    setup_ends();
    memset(pbkdf, 7, sizeof pbkdf);
    connect_ends(MODE_CONNECT, NULL);
    run(4);
    assert_true(viewer.open && program.open);
    free_ends();
}

static void test_a_changed_message_breaks_the_channel(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    mux_send(viewer.mux, MUX_SCREEN, "hello", 5);
    peer_flush(&viewer.peer);
    viewer.out.messages[0][viewer.out.sizes[0] - 1] ^= 1;
    deliver(&viewer, &program);
    assert_true(program.over);
    assert_int_equal(program.got_size, 0);
    free_ends();
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

/* S-8: the connection is cut again and again while a stream runs; every byte arrives once, in order. */
static void test_stream_survives_lost_connections(void **state)
{
    (void)state;
    enum { TOTAL = 500000 };
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    size_t written = 0;
    for (int turn = 0; program.got_size < TOTAL; turn++) {
        uint8_t chunk[7001];
        size_t n = mux_room(viewer.mux, MUX_SCREEN);
        n = n < sizeof chunk ? n : sizeof chunk;
        n = n < TOTAL - written ? n : TOTAL - written;
        for (size_t i = 0; i < n; i++)
            chunk[i] = pattern(written + i);
        assert_int_equal(mux_send(viewer.mux, MUX_SCREEN, chunk, n), 0);
        written += n;
        peer_flush(&viewer.peer);
        if (turn % 5 == 4) { /* what is on the wire is lost */
            cut();
            connect_ends(MODE_RESUME, NULL);
            run(4);
            assert_true(viewer.open && program.open);
        } else {
            run(1);
        }
        assert_true(turn < 2000);
    }
    for (size_t i = 0; i < TOTAL; i++)
        assert_int_equal(program.got[i], pattern(i));
    free_ends();
}

/* A relay that cuts, repeats or swaps records ends the connection; none of it is heard. */
static void test_repeated_and_swapped_records_break_the_channel(void **state)
{
    (void)state;
    for (int swap = 0; swap < 2; swap++) {
        setup_ends();
        connect_ends(MODE_PAIR, "12345678");
        run(4);
        mux_send(viewer.mux, MUX_SCREEN, "one", 3);
        peer_flush(&viewer.peer);
        mux_send(viewer.mux, MUX_SCREEN, "two", 3);
        peer_flush(&viewer.peer);
        assert_int_equal(viewer.out.n, 2);
        int first = swap ? 1 : 0;
        peer_receive(&program.peer, viewer.out.messages[first], viewer.out.sizes[first]);
        peer_receive(&program.peer, viewer.out.messages[0], viewer.out.sizes[0]);
        assert_true(program.over);
        assert_int_equal(program.got_size, swap ? 0 : 3);
        peer_receive(&program.peer, viewer.out.messages[1], viewer.out.sizes[1]);
        assert_int_equal(program.got_size, swap ? 0 : 3);
        free_ends();
    }
}

static void test_a_wrong_password_is_refused_and_counted(void **state)
{
    (void)state;
    setup_ends();
    memset(pbkdf, 7, sizeof pbkdf);
    connect_ends(MODE_CONNECT, NULL);
    deliver(&viewer, &program);
    memset(pbkdf, 8, sizeof pbkdf); /* what the viewer makes of its password is another value */
    run(4);
    assert_false(viewer.open || program.open);
    assert_string_equal(viewer.reason, "password_wrong");
    assert_int_equal(program.tries, 1);
    free_ends();
}

static void test_a_resume_needs_the_key_of_the_last_connection(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    viewer.keys.psk[5] ^= 1;
    cut();
    connect_ends(MODE_RESUME, NULL);
    run(4);
    assert_false(viewer.open || program.open);
    assert_string_equal(viewer.reason, "ticket_invalid");
    viewer.keys.resume_id[5] ^= 1;
    cut();
    connect_ends(MODE_RESUME, NULL);
    run(4);
    assert_false(viewer.open || program.open);
    free_ends();
}

/* Each connection has keys of its own, also a resumed one. */
static void test_every_connection_has_fresh_keys(void **state)
{
    (void)state;
    uint8_t seen[4][KEY_BYTES];
    setup_ends();
    for (int i = 0; i < 4; i++) {
        connect_ends(i < 2 ? MODE_PAIR : MODE_RESUME, "12345678");
        run(4);
        assert_true(viewer.open && program.open);
        memcpy(seen[i], viewer.keys.send, KEY_BYTES);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], KEY_BYTES);
        assert_memory_not_equal(viewer.keys.send, viewer.keys.receive, KEY_BYTES);
        cut();
    }
    free_ends();
}

/* The claims are bound in: ends that were told different ones never open. */
static void test_ends_with_different_claims_do_not_meet(void **state)
{
    (void)state;
    struct handshake_viewer_hooks viewer_hooks = {&viewer, stretch, NULL};
    struct peer_hooks hooks = {&viewer, on_send, send_room, on_open, on_over};
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    peer_cleanup(&viewer.peer);
    viewer.out.n = 0;
    handshake_viewer(&viewer.peer.handshake, MODE_PAIR, "sid", "conn", "other claims", "12345678", NULL, NULL,
                     &viewer_hooks);
    peer_start(&viewer.peer, viewer.mux, &hooks);
    run(4);
    assert_false(viewer.open || program.open);
    assert_string_equal(viewer.reason, "code_invalid");
    free_ends();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_digits_pair_and_give_the_same_keys),
        cmocka_unit_test(test_wrong_digits_are_refused_and_counted),
        cmocka_unit_test(test_password_mode_connects),
        cmocka_unit_test(test_a_wrong_password_is_refused_and_counted),
        cmocka_unit_test(test_a_changed_message_breaks_the_channel),
        cmocka_unit_test(test_repeated_and_swapped_records_break_the_channel),
        cmocka_unit_test(test_a_resume_needs_the_key_of_the_last_connection),
        cmocka_unit_test(test_every_connection_has_fresh_keys),
        cmocka_unit_test(test_ends_with_different_claims_do_not_meet),
        cmocka_unit_test(test_stream_survives_lost_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
