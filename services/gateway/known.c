/* Directory hashes that were read lately (docs/decisions/0060). Each was read with CLIENT CACHING, so Redis tells the
 * notices' connection of its next change, whoever makes it, and it is forgotten. What is heard is proven by a beat: it
 * goes out on the connection that reads and comes back on the one that hears, behind all notices of earlier changes.
 * Nothing is taken from here unless a beat came back that was sent within the last second; so a credential that ends is
 * out at once, and within a second when the network loses notices without breaking a connection. */
#include "gateway.h"

#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEAT_MS = 250, PROVEN_MS = 1000, IDLE_MS = 2000, HASHES_MAX = 8192, KEY_SIZE = 128 };

struct known {
    char key[KEY_SIZE];
    json_t *hash;
    UT_hash_handle hh;
};

struct reading {
    struct gateway *gateway;
    char key[KEY_SIZE];
    bool tracked;
    uint64_t changes; /* when it was asked for */
    known_fn fn;
    void *user;
};

static struct known *hashes;
static uint64_t changes; /* notices so far: an answer that was under way meanwhile may be older */
static struct {
    bool on;
    long long notices;    /* connections that it is true of */
    unsigned connections;
} tracking;
static char name[17];
static int64_t proven; /* loop time at which the newest beat that came back was sent */
static int64_t wanted; /* loop time of the last question; who is asked nothing does not beat */
static bool beating;
static struct loop_timer *timer;

static void forget(struct known *k)
{
    HASH_DEL(hashes, k);
    json_decref(k->hash);
    free(k);
}

static void forget_all(void)
{
    struct known *k, *next;
    changes++;
    HASH_ITER(hh, hashes, k, next)
        forget(k);
}

static bool same_connections(const struct gateway *g)
{
    return redis_ready(g->redis) && redis_ready(g->notices) && tracking.notices == redis_client_id(g->notices) &&
           tracking.connections == redis_connections(g->redis);
}

static bool is_true(const struct gateway *g)
{
    return tracking.on && same_connections(g) && loop_now_ms(g->service.loop) - proven <= PROVEN_MS;
}

static void keep(const char *key, json_t *hash)
{
    struct known *k = NULL;
    HASH_FIND_STR(hashes, key, k);
    if (k) {
        forget(k);
    } else if (HASH_COUNT(hashes) >= HASHES_MAX) {
        forget_all();
    }
    k = calloc(1, sizeof *k);
    if (!k)
        return;
    snprintf(k->key, sizeof k->key, "%s", key);
    k->hash = json_incref(hash);
    HASH_ADD_STR(hashes, key, k);
}

static void on_hash(void *user, const redisReply *reply)
{
    struct reading *r = user;
    json_t *hash = hash_object(reply);
    if (hash && r->tracked && r->changes == changes && is_true(r->gateway))
        keep(r->key, hash);
    r->fn(r->user, hash, !reply);
    json_decref(hash);
    free(r);
}

void known_hash(struct gateway *g, const char *key, known_fn fn, void *user)
{
    struct known *k = NULL;
    bool tracked = is_true(g);
    wanted = loop_now_ms(g->service.loop);
    if (!beating) {
        beating = true;
        loop_timer_set(timer, 0);
    }
    if (tracked)
        HASH_FIND_STR(hashes, key, k);
    if (k) {
        fn(user, k->hash, false);
        return;
    }
    struct reading *r = malloc(sizeof *r);
    if (!r)
        abort();
    *r = (struct reading){.gateway = g, .tracked = tracked, .changes = changes, .fn = fn, .user = user};
    snprintf(r->key, sizeof r->key, "%s", key);
    store_hash(g, key, tracked, on_hash, r);
}

/* ---- what keeps it true ---- */

/* The keys that changed; nil: all of them. */
static void on_changed(void *user, const redisReply *reply)
{
    (void)user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        forget_all();
        return;
    }
    changes++;
    for (size_t i = 0; i < reply->elements; i++) {
        struct known *k = NULL;
        HASH_FIND_STR(hashes, reply->element[i]->str, k);
        if (k)
            forget(k);
    }
}

/* "{who} {loop time}": everybody hears everybody's. */
static void on_beat(void *user, const redisReply *reply)
{
    (void)user;
    size_t n = strlen(name);
    if (reply && reply->type == REDIS_REPLY_STRING && strncmp(reply->str, name, n) == 0 && reply->str[n] == ' ')
        proven = strtoll(reply->str + n, NULL, 10);
}

/* An older Redis, or rights that do not reach so far: then everything is read each time. */
static void on_tracking(void *user, const redisReply *reply)
{
    (void)user;
    forget_all();
    tracking.on = reply && reply->type == REDIS_REPLY_STATUS;
}

static void on_timer(void *user)
{
    struct gateway *g = user;
    char beat[64];
    beating = loop_now_ms(g->service.loop) - wanted < IDLE_MS;
    if (!beating)
        return;
    loop_timer_set(timer, BEAT_MS);
    if (!same_connections(g)) {
        tracking.on = false;
        tracking.notices = redis_client_id(g->notices);
        tracking.connections = redis_connections(g->redis);
        forget_all();
        if (same_connections(g))
            store_track(g, on_tracking, g);
    }
    snprintf(beat, sizeof beat, "%s %lld", name, (long long)loop_now_ms(g->service.loop));
    if (tracking.on)
        store_beat(g, beat);
}

void known_start(struct gateway *g)
{
    random_hex(name, 8);
    proven = loop_now_ms(g->service.loop) - PROVEN_MS - 1;
    store_subscribe_known(g, on_changed, on_beat);
    timer = loop_timer_new(g->service.loop, on_timer, g);
}

void known_stop(void)
{
    loop_timer_free(timer);
    timer = NULL;
    beating = false;
    forget_all();
}
