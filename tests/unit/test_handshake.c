/* CPace against the draft's vectors, handshakes and records against proto/vectors: each end alone with fixed
 * randomness, hostile messages at every step, tries that are counted before they are judged. S-2 S-34 S-47 */
#include "agent/core/handshake.h"
#include "agent/core/record.h"
#include "scripted_random.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- CPace ---- */

static void test_cpace_is_the_drafts(void **state)
{
    (void)state;
    const json_t *v = get(vectors("cpace-draft"), "vectors");
    struct blob prs = get_blob(v, "PRS"), ci = get_blob(v, "CI"), sid = get_blob(v, "sid");
    struct cpace_input in = {prs.data, prs.n, ci.data, ci.n, sid.data, sid.n};
    uint8_t g[32], want[64], ya[32], yb[32], message_a[32], message_b[32], isk[64];
    char ada[8] = "", adb[8] = "";
    memcpy(ada, get_blob(v, "ADa").data, get_blob(v, "ADa").n);
    memcpy(adb, get_blob(v, "ADb").data, get_blob(v, "ADb").n);
    cpace_generator(g, &in);
    get_bytes(v, "g", want, 32);
    assert_memory_equal(g, want, 32);
    get_bytes(v, "ya", ya, 32);
    get_bytes(v, "yb", yb, 32);
    assert_int_equal(cpace_message(&in, ya, message_a), 0);
    assert_int_equal(cpace_message(&in, yb, message_b), 0);
    get_bytes(v, "Ya", want, 32);
    assert_memory_equal(message_a, want, 32);
    get_bytes(v, "Yb", want, 32);
    assert_memory_equal(message_b, want, 32);
    get_bytes(v, "ISK_IR", want, 64);
    assert_int_equal(cpace_finish(&in, ya, message_b, message_a, ada, message_b, adb, isk), 0);
    assert_memory_equal(isk, want, 64);
    assert_int_equal(cpace_finish(&in, yb, message_a, message_a, ada, message_b, adb, isk), 0);
    assert_memory_equal(isk, want, 64);
}

static void test_cpace_refuses_the_drafts_invalid_points(void **state)
{
    (void)state;
    static const char *const names[] = {"Invalid Y1", "Invalid Y2"};
    const json_t *v = get(vectors("cpace-draft"), "invalid"), *valid = get(v, "Valid");
    struct cpace_input in = {(const uint8_t *)"p", 1, (const uint8_t *)"c", 1, (const uint8_t *)"s", 1};
    uint8_t scalar[32], point[32], isk[64];
    get_bytes(valid, "s", scalar, 32);
    get_bytes(valid, "X", point, 32);
    assert_int_equal(cpace_finish(&in, scalar, point, point, "a", point, "b", isk), 0);
    for (size_t i = 0; i < 2; i++) {
        get_bytes(v, names[i], point, 32);
        assert_int_equal(cpace_finish(&in, scalar, point, point, "a", point, "b", isk), -1);
    }
}

/* ---- one end of a handshake ---- */

struct end {
    struct handshake h;
    struct handshake_keys keys;
    const json_t *exchange;
    int tries, judged_right, judged_wrong;
    bool cannot_save;
};

static const char *begin(void *user, enum handshake_mode mode, const uint8_t *resume_id, struct handshake_secret *out,
                         uint32_t *retry_ms)
{
    struct end *e = user;
    uint8_t wanted[RESUME_ID_BYTES];
    *retry_ms = 0;
    assert_int_equal(resume_id != NULL, mode == MODE_RESUME);
    if (mode == MODE_RESUME) {
        get_bytes(e->exchange, "resume_id", wanted, sizeof wanted);
        assert_memory_equal(resume_id, wanted, sizeof wanted);
        get_bytes(e->exchange, "psk", out->psk, KEY_BYTES);
        return NULL;
    }
    struct blob prs = get_blob(e->exchange, "prs");
    memcpy(out->prs, prs.data, prs.n);
    out->prs_size = prs.n;
    if (mode == MODE_CONNECT) {
        get_bytes(e->exchange, "salt", out->salt, SALT_BYTES);
        out->iterations = (uint32_t)get_integer(e->exchange, "iterations");
    }
    return NULL;
}

static bool count_try(void *user, enum handshake_mode mode)
{
    struct end *e = user;
    (void)mode;
    assert_int_equal(e->judged_right + e->judged_wrong, 0);
    e->tries++;
    return !e->cannot_save;
}

static uint32_t judged(void *user, enum handshake_mode mode, bool right)
{
    struct end *e = user;
    (void)mode;
    assert_int_equal(e->tries, 1);
    *(right ? &e->judged_right : &e->judged_wrong) += 1;
    return right ? 0 : 5000;
}

static int stretch(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES])
{
    struct end *e = user;
    return crypto_pbkdf2(out, get_text(e->exchange, "password"), salt, SALT_BYTES, iterations);
}

static bool count_viewer_try(void *user)
{
    struct end *e = user;
    e->tries++;
    return !e->cannot_save;
}

static void script(const json_t *exchange, const char *who)
{
    const json_t *random = get(exchange, who);
    struct blob nonce = get_blob(random, "nonce"), secret = get_blob(random, "secret");
    scripted_random_add(nonce.data, nonce.n);
    scripted_random_add(secret.data, secret.n);
}

static const json_t *find_exchange(const char *name)
{
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("handshake"), "exchanges"), i,
                       one) if (strcmp(get_text(one, "name"), name) == 0) return one;
    fail_msg("no exchange %s", name);
    return NULL;
}

static void start(struct end *e, const json_t *exchange, bool viewer)
{
    const json_t *v = vectors("handshake");
    const char *sid = get_text(v, "session"), *conn = get_text(v, "conn_id"), *claims = get_text(v, "claims");
    enum handshake_mode mode = (enum handshake_mode)get_integer(exchange, "mode");
    struct handshake_hooks program = {e, begin, count_try, judged};
    struct handshake_viewer_hooks viewer_hooks = {e, stretch, count_viewer_try};
    uint8_t psk[KEY_BYTES] = {0}, id[RESUME_ID_BYTES] = {0};
    memset(e, 0, sizeof *e);
    e->exchange = exchange;
    script(exchange, viewer ? "viewer" : "program");
    if (mode == MODE_RESUME) {
        get_bytes(exchange, "psk", psk, sizeof psk);
        get_bytes(exchange, "resume_id", id, sizeof id);
    }
    if (viewer)
        handshake_viewer(&e->h, mode, sid, conn, claims, mode == MODE_PAIR ? get_text(exchange, "digits") : NULL, psk,
                         id, &viewer_hooks);
    else
        handshake_program(&e->h, sid, conn, claims, &program);
}

static bool from_viewer(const json_t *message)
{
    return strcmp(get_text(message, "from"), "viewer") == 0;
}

/* Plays the messages [0, until): ours must be what the vector has, the other end's are delivered. */
static enum handshake_result play(struct end *e, bool viewer, size_t until)
{
    enum handshake_result result = HANDSHAKE_MORE;
    const json_t *messages = get(e->exchange, "messages");
    for (size_t i = 0; i < until; i++) {
        const json_t *message = json_array_get(messages, i);
        struct blob b = get_blob(message, "hex");
        if (from_viewer(message) == viewer) {
            assert_int_equal(e->h.out_size, b.n);
            assert_memory_equal(e->h.out, b.data, b.n);
        } else {
            result = handshake_receive(&e->h, b.data, b.n, &e->keys);
        }
    }
    return result;
}

static void expect_keys(const struct end *e, bool viewer)
{
    const json_t *keys = get(e->exchange, "keys");
    uint8_t want[KEY_BYTES];
    get_bytes(keys, viewer ? "viewer" : "program", want, KEY_BYTES);
    assert_memory_equal(e->keys.send, want, KEY_BYTES);
    get_bytes(keys, viewer ? "program" : "viewer", want, KEY_BYTES);
    assert_memory_equal(e->keys.receive, want, KEY_BYTES);
    get_bytes(keys, "psk", want, KEY_BYTES);
    assert_memory_equal(e->keys.psk, want, KEY_BYTES);
    get_bytes(keys, "resume_id", want, RESUME_ID_BYTES);
    assert_memory_equal(e->keys.resume_id, want, RESUME_ID_BYTES);
    get_bytes(e->exchange, "ctx", want, SHA256_BYTES);
    assert_memory_equal(e->h.ctx, want, SHA256_BYTES);
    get_bytes(e->exchange, "prk", want, SHA256_BYTES);
    assert_memory_equal(e->h.prk, want, SHA256_BYTES);
}

static void test_each_end_says_what_the_vectors_say(void **state)
{
    (void)state;
    static struct end e;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("handshake"), "exchanges"), i, one)
    {
        for (int viewer = 0; viewer < 2; viewer++) {
            start(&e, one, viewer);
            assert_int_equal(play(&e, viewer, json_array_size(get(one, "messages"))), HANDSHAKE_DONE);
            expect_keys(&e, viewer);
            assert_int_equal(scripted_random_left(), 0);
            assert_int_equal(e.judged_right, !viewer);
            handshake_cleanup(&e.h);
        }
    }
}

/* A handshake that ends early leaves part of its script. */
static void drop_script(void)
{
    uint8_t rest[1024];
    crypto_random(rest, scripted_random_left());
}

static void test_hostile_messages_end_the_handshake(void **state)
{
    (void)state;
    static struct end e;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("handshake"), "hostile"), i, one)
    {
        bool viewer = strcmp(get_text(one, "receiver"), "viewer") == 0;
        struct blob b = get_blob(one, "hex");
        start(&e, find_exchange(get_text(one, "exchange")), viewer);
        assert_int_equal(play(&e, viewer, (size_t)get_integer(one, "at")), HANDSHAKE_MORE);
        if (handshake_receive(&e.h, b.data, b.n, &e.keys) != HANDSHAKE_FAILED)
            fail_msg("%s: %s was not refused", get_text(one, "receiver"), get_text(one, "name"));
        assert_int_equal(e.judged_right + e.judged_wrong, 0);
        handshake_cleanup(&e.h);
        drop_script();
    }
}

static void test_wrong_tags_are_counted_and_answered_with_the_reason(void **state)
{
    (void)state;
    static struct end e;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("handshake"), "wrong_tags"), i, one)
    {
        const json_t *exchange = find_exchange(get_text(one, "exchange"));
        struct blob b = get_blob(one, "hex");
        const char *reason = get_text(one, "reason");
        start(&e, exchange, false);
        play(&e, false, json_array_size(get(exchange, "messages")) - 2);
        assert_int_equal(handshake_receive(&e.h, b.data, b.n, &e.keys), HANDSHAKE_REFUSED);
        assert_string_equal(e.h.reason, reason);
        assert_true(e.tries == 1 && e.judged_wrong == 1);
        assert_int_equal(e.h.out_size, 5 + strlen(reason));
        assert_memory_equal(e.h.out, "\x07\x00\x00\x13\x88", 5); /* 5000 ms, as judged() said */
        assert_memory_equal(e.h.out + 5, reason, strlen(reason));
        handshake_cleanup(&e.h);
    }
}

static void test_a_refusal_is_told_to_the_viewer(void **state)
{
    (void)state;
    static struct end e;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("handshake"), "refusals"), i, one)
    {
        struct blob b = get_blob(one, "hex");
        start(&e, find_exchange("pair"), true);
        assert_int_equal(handshake_receive(&e.h, b.data, b.n, &e.keys), HANDSHAKE_REFUSED);
        assert_string_equal(e.h.reason, get_text(one, "reason"));
        assert_int_equal(e.h.retry_ms, get_integer(one, "retry_ms"));
        handshake_cleanup(&e.h);
        drop_script();
    }
}

static void test_a_try_that_cannot_be_saved_is_not_answered(void **state)
{
    (void)state;
    static struct end e;
    const json_t *messages = get(find_exchange("pair"), "messages");
    struct blob tag = get_blob(json_array_get(messages, 4), "hex"), b = get_blob(json_array_get(messages, 3), "hex");
    start(&e, find_exchange("pair"), false);
    play(&e, false, 4);
    e.cannot_save = true;
    assert_int_equal(handshake_receive(&e.h, tag.data, tag.n, &e.keys), HANDSHAKE_FAILED);
    assert_true(e.h.out_size == 0 && e.judged_right == 0);
    handshake_cleanup(&e.h);
    start(&e, find_exchange("pair"), true);
    play(&e, true, 3);
    e.cannot_save = true;
    assert_int_equal(handshake_receive(&e.h, b.data, b.n, &e.keys), HANDSHAKE_FAILED);
    assert_true(e.h.out_size == 0 && e.tries == 1);
    handshake_cleanup(&e.h);
}

/* ---- records ---- */

static void test_records_are_the_vectors(void **state)
{
    (void)state;
    const json_t *v = vectors("records"), *one;
    struct record_side sending, receiving;
    uint8_t key[KEY_BYTES], want[SHA256_BYTES], digest[SHA256_BYTES];
    size_t i;
    get_bytes(v, "key", key, sizeof key);
    assert_int_equal(record_init(&sending, key), 0);
    assert_int_equal(record_init(&receiving, key), 0);
    json_array_foreach(get(v, "records"), i, one)
    {
        struct blob plain = get_blob(one, "plain");
        uint8_t *message = malloc(plain.n + RECORD_OVERHEAD), *back = malloc(plain.n ? plain.n : 1);
        assert_int_equal(record_seal(&sending, plain.data, plain.n, message), 0);
        const struct sha256_part all = {message, plain.n + RECORD_OVERHEAD};
        crypto_sha256(digest, &all, 1);
        get_bytes(one, "message_sha256", want, sizeof want);
        assert_memory_equal(digest, want, sizeof want);
        assert_int_equal(record_open(&receiving, message, plain.n + RECORD_OVERHEAD, back), plain.n);
        assert_memory_equal(back, plain.data, plain.n);
        free(message);
        free(back);
    }
    record_cleanup(&sending);
    record_cleanup(&receiving);
}

static void test_changed_cut_and_reordered_records_do_not_open(void **state)
{
    (void)state;
    static uint8_t out[RECORD_PLAIN_MAX];
    const json_t *v = vectors("records"), *one;
    uint8_t key[KEY_BYTES];
    size_t i;
    get_bytes(v, "key", key, sizeof key);
    json_array_foreach(get(v, "refused"), i, one)
    {
        struct record_side side;
        struct blob b = get_blob(one, "message");
        assert_int_equal(record_init(&side, key), 0);
        if (record_open(&side, b.data, b.n, out) != -1)
            fail_msg("%s: opened", get_text(one, "name"));
        record_cleanup(&side);
    }
}

static void test_a_record_opens_once(void **state)
{
    (void)state;
    struct record_side sending, receiving;
    uint8_t key[KEY_BYTES] = {1}, message[3 + RECORD_OVERHEAD], out[3];
    record_init(&sending, key);
    record_init(&receiving, key);
    assert_int_equal(record_seal(&sending, (const uint8_t *)"abc", 3, message), 0);
    assert_int_equal(record_open(&receiving, message, sizeof message, out), 3);
    assert_int_equal(record_open(&receiving, message, sizeof message, out), -1);
    record_cleanup(&sending);
    record_cleanup(&receiving);
}

static void test_a_key_ends_with_its_counter(void **state)
{
    (void)state;
    static uint8_t big[RECORD_PLAIN_MAX + 1], message[RECORD_PLAIN_MAX + 1 + RECORD_OVERHEAD];
    struct record_side side;
    uint8_t key[KEY_BYTES] = {2}, out[1];
    record_init(&side, key);
    assert_int_equal(record_seal(&side, big, sizeof big, message), -1);
    side.counter = ((uint64_t)1 << 32) - 1;
    assert_int_equal(record_seal(&side, big, 1, message), 0);
    assert_int_equal(record_seal(&side, big, 1, message), -1);
    assert_int_equal(record_open(&side, message, 1 + RECORD_OVERHEAD, out), -1);
    record_cleanup(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpace_is_the_drafts),
        cmocka_unit_test(test_cpace_refuses_the_drafts_invalid_points),
        cmocka_unit_test(test_each_end_says_what_the_vectors_say),
        cmocka_unit_test(test_hostile_messages_end_the_handshake),
        cmocka_unit_test(test_wrong_tags_are_counted_and_answered_with_the_reason),
        cmocka_unit_test(test_a_refusal_is_told_to_the_viewer),
        cmocka_unit_test(test_a_try_that_cannot_be_saved_is_not_answered),
        cmocka_unit_test(test_records_are_the_vectors),
        cmocka_unit_test(test_changed_cut_and_reordered_records_do_not_open),
        cmocka_unit_test(test_a_record_opens_once),
        cmocka_unit_test(test_a_key_ends_with_its_counter),
    };
    scripted_random_start();
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
