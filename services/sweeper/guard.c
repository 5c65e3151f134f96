/* Has Redis all that Kafka has? A Redis that was emptied or put back to an older copy would answer as if what is missing
 * had never been: programs would remove themselves, seats would be free twice. So nobody uses a Redis process that was not
 * looked at (services/common/redis.h): the sweeper compares the newest events of the topics with what the buckets noted of their
 * outboxes (proto/lua/sweep_compare.lua) and says so in REDIS_INSTANCE_KEY. An empty Redis beside an empty Kafka is a new
 * installation. docs/decisions/0043-rebuild.md */
#include "sweeper.h"

#include "common/log.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 50, SETTLED_MS = 500 };

static bool is_older(struct outbox_id a, struct outbox_id b)
{
    return a.ms < b.ms || (a.ms == b.ms && a.seq < b.seq);
}

static void start_over(struct guard *g)
{
    kafka_free(g->journal, 0);
    g->journal = NULL;
    g->state = GUARD_ASK;
}

/* ---- what Kafka has ---- */

static void on_message(void *user, const struct kafka_message *m)
{
    struct guard *g = user;
    struct outbox_id id;
    int bucket;
    if (sscanf(m->id, "%2d-%lld-%lld", &bucket, &id.ms, &id.seq) == 3 && bucket >= 0 && bucket < BUCKETS &&
        is_older(g->newest[bucket], id))
        g->newest[bucket] = id;
}

static void read_journal(struct guard *g)
{
    memset(g->newest, 0, sizeof g->newest);
    g->journal = bus_last(g->sweeper, on_message, g);
    g->state = g->journal ? GUARD_READING : GUARD_ASK;
    loop_timer_set(g->timer, LOOK_MS);
}

/* ---- what Redis has ---- */

static void on_told(void *user, const redisReply *reply)
{
    struct guard *g = user;
    g->state = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1 ? GUARD_SETTLED : GUARD_ASK;
    if (g->state != GUARD_SETTLED)
        return;
    if (g->behind)
        store_cut_off(g);
    log_event(g->behind ? LOG_ERROR : LOG_INFO, g->behind ? "redis_lost_writes" : "redis_compared", "run_id", g->run_id, "what_next",
              g->behind ? "beistand-cli rebuild" : "", NULL);
    metric_set("beistand_redis_lost_writes", "", g->behind);
}

static void tell(struct guard *g)
{
    char value[80];
    snprintf(value, sizeof value, "%s%s", g->behind ? REDIS_BEHIND : "", g->run_id);
    store_settle(g, value, on_told);
}

static void on_compared(void *user, const redisReply *reply)
{
    struct guard_bucket *b = user;
    struct guard *g = b->guard;
    if (!reply || reply->type != REDIS_REPLY_INTEGER)
        g->failed = true;
    else if (reply->integer != 1)
        g->behind = true;
    if (--g->unread > 0)
        return;
    if (g->failed)
        start_over(g);
    else
        tell(g);
}

static void compare(struct guard *g)
{
    kafka_free(g->journal, 0);
    g->journal = NULL;
    g->state = GUARD_COMPARING;
    g->behind = g->failed = false;
    g->unread = BUCKETS;
    for (int i = 0; i < BUCKETS; i++)
        store_compare(&g->buckets[i], false, on_compared);
}

/* An installation older than the marks gets them while its Redis is known to be whole. */
static void mark_all(struct guard *g)
{
    if (strcmp(g->marked, g->run_id) == 0)
        return;
    snprintf(g->marked, sizeof g->marked, "%s", g->run_id);
    for (int i = 0; i < BUCKETS; i++)
        store_compare(&g->buckets[i], true, NULL);
}

/* ---- the round ---- */

static void on_instance(void *user, const redisReply *reply)
{
    struct guard *g = user;
    const char *told = reply && reply->type == REDIS_REPLY_STRING ? reply->str : "";
    size_t skip = strncmp(told, REDIS_BEHIND, strlen(REDIS_BEHIND)) == 0 ? strlen(REDIS_BEHIND) : 0;
    snprintf(g->run_id, sizeof g->run_id, "%s", redis_instance_id(g->redis));
    snprintf(g->told, sizeof g->told, "%s", told);
    if (!reply || !g->run_id[0]) {
        g->state = GUARD_ASK;
    } else if (strcmp(told + skip, g->run_id) == 0) {
        g->state = GUARD_SETTLED;
        if (skip == 0)
            mark_all(g);
    } else {
        read_journal(g);
    }
}

/* A Redis that went away meanwhile is another one when it comes back. */
static bool is_same_redis(const struct guard *g)
{
    return redis_ready(g->redis) && strcmp(redis_instance_id(g->redis), g->run_id) == 0;
}

static void look(void *user)
{
    struct guard *g = user;
    bool settled = g->state == GUARD_SETTLED;
    if (g->state == GUARD_READING && !is_same_redis(g))
        start_over(g);
    if (g->state == GUARD_READING && kafka_ready(g->journal)) {
        compare(g);
    } else if ((g->state == GUARD_ASK || g->state == GUARD_SETTLED) && redis_ready(g->redis)) {
        g->state = GUARD_ASKED;
        store_get_instance(g, on_instance);
    }
    loop_timer_set(g->timer, settled ? SETTLED_MS : LOOK_MS);
}

int guard_start(struct sweeper *s)
{
    struct guard *g = &s->guard;
    g->sweeper = s;
    for (int i = 0; i < BUCKETS; i++)
        g->buckets[i] = (struct guard_bucket){.guard = g, .number = i};
    g->timer = loop_timer_new(s->service.loop, look, g);
    g->redis = redis_new_unchecked(s->service.loop, s->settings.common.redis_url);
    if (!g->timer || !g->redis)
        return -1;
    loop_timer_set(g->timer, LOOK_MS);
    return 0;
}

void guard_stop(struct sweeper *s)
{
    struct guard *g = &s->guard;
    kafka_free(g->journal, 0);
    g->journal = NULL;
    redis_free(g->redis);
    loop_timer_free(g->timer);
}
