/* Directory hashes a gateway knows: taken from memory only while it is proven that every change would have been heard. */
#include "common/log.h"
#include "gateway/gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ASKED_MAX = 8 };

/* ---- a Redis that answers when it is told to ---- */

static struct {
    int64_t now;
    bool main_up, notices_up;
    long long notices_id;
    unsigned connections;
    loop_fn tick;
    redis_fn changed, beat;
    char beats[16][64];
    size_t n_beats;
    struct {
        char key[96];
        bool tracked;
        redis_fn fn;
        void *user;
    } asked[ASKED_MAX];
    size_t n_asked;
    redis_fn track;
    unsigned tracks;
    bool armed;
} W;

static struct gateway gateway;

int64_t loop_now_ms(const struct loop *l)
{
    (void)l;
    return W.now;
}

int64_t wall_now_ms(void)
{
    return W.now;
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *user)
{
    (void)l, (void)user;
    W.tick = fn;
    return (struct loop_timer *)&W;
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
    (void)t;
    W.armed = delay_ms >= 0;
}

void loop_timer_free(struct loop_timer *t)
{
    (void)t;
}

bool redis_ready(const struct redis *r)
{
    return r == gateway.redis ? W.main_up : W.notices_up;
}

long long redis_client_id(const struct redis *r)
{
    assert_ptr_equal(r, gateway.notices);
    return W.notices_up ? W.notices_id : 0;
}

unsigned redis_connections(const struct redis *r)
{
    assert_ptr_equal(r, gateway.redis);
    return W.connections;
}

json_t *hash_object(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 ? json_pack("{ss}", "value", reply->str) : NULL;
}

void store_hash(struct gateway *g, const char *key, bool tracked, redis_fn fn, void *user)
{
    assert_ptr_equal(g, &gateway);
    assert_true(W.n_asked < ASKED_MAX);
    snprintf(W.asked[W.n_asked].key, 96, "%s", key);
    W.asked[W.n_asked].tracked = tracked;
    W.asked[W.n_asked].fn = fn;
    W.asked[W.n_asked++].user = user;
}

void store_track(struct gateway *g, redis_fn fn, void *user)
{
    (void)g, (void)user;
    W.track = fn;
    W.tracks++;
}

void store_beat(struct gateway *g, const char *text)
{
    (void)g;
    snprintf(W.beats[W.n_beats++ % 16], 64, "%s", text);
}

void store_subscribe_known(struct gateway *g, redis_fn changed, redis_fn beat)
{
    (void)g;
    W.changed = changed;
    W.beat = beat;
}

/* ---- steps ---- */

static char got[32];

static void on_hash(void *user, json_t *hash, bool lost)
{
    (void)user;
    snprintf(got, sizeof got, "%s", lost ? "lost" : hash ? json_string_value(json_object_get(hash, "value")) : "none");
}

static void answer(const char *value)
{
    static redisReply part;
    redisReply *parts[] = {&part, &part};
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = parts, .str = (char *)value};
    assert_true(W.n_asked > 0);
    W.n_asked--;
    W.asked[W.n_asked].fn(W.asked[W.n_asked].user, &reply);
}

/* Was it known? Else it is asked for and stays so until answer(). */
static bool known(const char *key)
{
    size_t before = W.n_asked;
    got[0] = '\0';
    known_hash(&gateway, key, on_hash, NULL);
    return W.n_asked == before;
}

static void hear_beat(size_t number)
{
    redisReply reply = {.type = REDIS_REPLY_STRING, .str = W.beats[number % 16]};
    W.beat(&gateway, &reply);
}

static void tick(int64_t ms)
{
    assert_true(W.armed);
    W.armed = false;
    W.now += ms;
    W.tick(&gateway);
}

/* A beat goes out and comes back. */
static void beat(int64_t ms)
{
    tick(ms);
    hear_beat(W.n_beats - 1);
}

static void hear_change(const char *key)
{
    redisReply name = {.type = REDIS_REPLY_STRING, .str = (char *)key}, *names[] = {&name};
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 1, .element = names};
    W.changed(&gateway, key ? &reply : NULL);
}

static void allow_tracking(bool allowed)
{
    redisReply reply = {.type = allowed ? REDIS_REPLY_STATUS : REDIS_REPLY_ERROR, .str = (char *)""};
    assert_non_null(W.track);
    W.track(&gateway, &reply);
    W.track = NULL;
}

static int start(void **state)
{
    (void)state;
    memset(&W, 0, sizeof W);
    W.now = 10000;
    gateway.redis = (struct redis *)"main";
    gateway.notices = (struct redis *)"notices";
    known_start(&gateway);
    assert_false(W.armed);
    assert_false(known("first"));
    answer("1");
    tick(0);
    W.main_up = W.notices_up = true;
    W.notices_id = 7;
    W.connections = 1;
    tick(250);
    allow_tracking(true);
    beat(250);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    known_stop();
    return 0;
}

static void learn(const char *key, const char *value)
{
    assert_false(known(key));
    assert_true(W.asked[W.n_asked - 1].tracked);
    answer(value);
    assert_string_equal(got, value);
    assert_true(known(key));
}

/* ---- tests ---- */

static void test_what_was_read_is_known_until_it_changes(void **state)
{
    (void)state;
    learn("a", "1");
    learn("b", "1");
    hear_change("a");
    assert_true(known("b"));
    learn("a", "2");
    hear_change(NULL); /* all of them */
    assert_false(known("b"));
    answer("3");
}

static void test_an_answer_under_way_while_something_changed_is_not_kept(void **state)
{
    (void)state;
    assert_false(known("a"));
    hear_change("a");
    answer("old");
    assert_string_equal(got, "old"); /* as true as any read at that time */
    learn("a", "new");
}

static void test_nothing_is_known_a_second_after_the_last_beat_that_came_back(void **state)
{
    (void)state;
    learn("a", "1");
    W.now += 1000;
    assert_true(known("a"));
    W.now += 1;
    assert_false(known("a"));
    assert_false(W.asked[W.n_asked - 1].tracked);
    answer("2");
    assert_false(known("a"));
    answer("2");
}

static void test_a_beat_counts_from_when_it_was_sent(void **state)
{
    (void)state;
    learn("a", "1");
    tick(250);
    size_t late = W.n_beats - 1;
    W.now += 1100;
    hear_beat(late);
    assert_false(known("a"));
    answer("1");
}

static void test_beats_of_others_prove_nothing(void **state)
{
    (void)state;
    learn("a", "1");
    redisReply other = {.type = REDIS_REPLY_STRING, .str = (char *)"0000000000000000 999999999"};
    W.now += 1001;
    W.beat(&gateway, &other);
    assert_false(known("a"));
    answer("1");
}

static void test_a_new_connection_of_either_kind_forgets_all(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        learn("a", "1");
        if (which == 0)
            W.connections++;
        else
            W.notices_id++;
        assert_false(known("a")); /* at once, not at the next tick */
        answer("2");
        unsigned before = W.tracks;
        tick(250);
        assert_int_equal(W.tracks, before + 1);
        allow_tracking(true);
        beat(250);
        learn("a", "2");
        hear_change("a");
    }
}

static void test_an_answer_from_before_the_tracking_is_not_kept(void **state)
{
    (void)state;
    assert_false(known("a"));
    W.connections++;
    tick(250);
    allow_tracking(true);
    beat(250);
    answer("1");
    assert_false(known("a"));
    answer("1");
}

static void test_a_redis_that_cannot_track_is_read_each_time(void **state)
{
    (void)state;
    W.connections++;
    tick(250);
    allow_tracking(false);
    size_t beats = W.n_beats;
    tick(250);
    assert_int_equal(W.n_beats, beats);
    assert_false(known("a"));
    answer("1");
    assert_false(known("a"));
    answer("1");
}

static void test_a_gateway_that_is_asked_nothing_sleeps_and_wakes(void **state)
{
    (void)state;
    learn("a", "1");
    for (int i = 0; i < 7; i++)
        beat(250);
    size_t beats = W.n_beats;
    tick(250);
    assert_int_equal(W.n_beats, beats);
    assert_false(W.armed);
    W.now += 60000;
    assert_false(known("a"));
    answer("2");
    beat(0); /* at once */
    assert_true(known("a")); /* Redis would have told of a change all the while */
    assert_string_equal(got, "1");
}

static void test_a_lost_redis_is_told(void **state)
{
    (void)state;
    assert_false(known("a"));
    W.n_asked--;
    W.asked[W.n_asked].fn(W.asked[W.n_asked].user, NULL);
    assert_string_equal(got, "lost");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_read_is_known_until_it_changes),
        TEST(test_an_answer_under_way_while_something_changed_is_not_kept),
        TEST(test_nothing_is_known_a_second_after_the_last_beat_that_came_back),
        TEST(test_a_beat_counts_from_when_it_was_sent),
        TEST(test_beats_of_others_prove_nothing),
        TEST(test_a_new_connection_of_either_kind_forgets_all),
        TEST(test_an_answer_from_before_the_tracking_is_not_kept),
        TEST(test_a_redis_that_cannot_track_is_read_each_time),
        TEST(test_a_gateway_that_is_asked_nothing_sleeps_and_wakes),
        TEST(test_a_lost_redis_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
