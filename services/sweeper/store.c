/* The sweeper's words with Redis. */
#include "sweeper.h"

#include "generated/lua_scripts.h"

#include <stdio.h>
#include <string.h>

static struct redis_script lease = {.name = "sweep_lease", .text = lua_sweep_lease};
static struct redis_script trim = {.name = "sweep_trim", .text = lua_sweep_trim};
static struct redis_script due = {.name = "sweep_due", .text = lua_sweep_due};
static struct redis_script compare = {.name = "sweep_compare", .text = lua_sweep_compare};
static struct redis_script chores = {.name = "sweep_chores", .text = lua_sweep_chores};

enum { KEY_SIZE = 32 };

static const char *key(const struct bucket *b, const char *kind, char out[KEY_SIZE])
{
    snprintf(out, KEY_SIZE, "{s%02d}:%s", b->number, kind);
    return out;
}

static void fence(const struct bucket *b, char out[24])
{
    snprintf(out, 24, "%lld", (long long)b->epoch);
}

void store_lease(struct bucket *b, redis_fn fn)
{
    char name[KEY_SIZE], ms[16];
    snprintf(ms, sizeof ms, "%d", LEASE_MS);
    const char *argv[] = {key(b, "lease", name), b->sweeper->holder, ms};
    redis_eval(b->sweeper->redis, &lease, fn, b, 1, 3, argv);
}

void store_read(struct bucket *b, redis_fn fn)
{
    char name[KEY_SIZE], count[16];
    snprintf(count, sizeof count, "%d", BATCH_MAX);
    redis_send(b->sweeper->redis, fn, b, "XRANGE", key(b, "outbox", name), "-", "+", "COUNT", count,
               NULL);
}

void store_audit_head(struct chain *c, redis_fn fn)
{
    char name[KEY_SIZE + ID_SIZE];
    bucket_key(name, sizeof name, c->bucket->number, "audit-head", c->company);
    redis_send(c->bucket->sweeper->redis, fn, c, "HMGET", name, "seq", "hash", NULL);
}

void store_trim(struct bucket *b, redis_fn fn)
{
    char name[KEY_SIZE], epoch[24], kept[24];
    const char *argv[4 + BATCH_MAX] = {key(b, "lease", name), b->sweeper->holder, epoch, kept};
    fence(b, epoch);
    snprintf(kept, sizeof kept, "%lld", (long long)b->sweeper->settings.audit_days * 86400000);
    for (size_t i = 0; i < b->batch->n; i++)
        argv[4 + i] = b->batch->entries[i].trim;
    redis_eval(b->sweeper->redis, &trim, fn, b, 1, 4 + (int)b->batch->n, argv);
}

void store_clock(struct bucket *b, redis_fn fn)
{
    char name[KEY_SIZE];
    redis_send(b->sweeper->redis, fn, b, "GET", key(b, "clock", name), NULL);
}

void store_peek_due(struct bucket *b, int64_t before, redis_fn fn)
{
    char name[KEY_SIZE], at[24];
    snprintf(at, sizeof at, "%lld", (long long)before);
    redis_send(b->sweeper->redis, fn, b, "ZRANGEBYSCORE", key(b, "due", name), "-inf", at, "LIMIT",
               "0", "1", NULL);
}

void store_take_due(struct bucket *b, redis_fn fn)
{
    char name[KEY_SIZE], epoch[24], retry[16], limit[16];
    fence(b, epoch);
    snprintf(retry, sizeof retry, "%d", DUE_RETRY_MS);
    snprintf(limit, sizeof limit, "%d", BATCH_MAX);
    const char *argv[] = {key(b, "lease", name), b->sweeper->holder, epoch, retry, limit};
    redis_eval(b->sweeper->redis, &due, fn, b, 1, 5, argv);
}

void store_chores(struct bucket *b, const char *before, redis_fn fn)
{
    char name[KEY_SIZE], epoch[24], round[24], limit[16];
    fence(b, epoch);
    snprintf(round, sizeof round, "%lld", (long long)b->sweeper->settings.journal_again_ms);
    snprintf(limit, sizeof limit, "%d", BATCH_MAX);
    const char *argv[] = {key(b, "lease", name), b->sweeper->holder, epoch, round, limit, before};
    redis_eval(b->sweeper->redis, &chores, fn, b, 1, 6, argv);
}

void store_get_instance(struct guard *g, redis_fn fn)
{
    redis_send(g->redis, fn, g, "GET", REDIS_INSTANCE_KEY, NULL);
}

/* The key is in no bucket, so this is none of proto/lua, which all begin with one. */
static struct redis_script settle = {.name = "sweep_settle",
                                     .text = "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end "
                                             "redis.call('SET', KEYS[1], ARGV[2]) return 1"};

void store_settle(struct guard *g, const char *value, redis_fn fn)
{
    const char *argv[] = {REDIS_INSTANCE_KEY, g->told, value};
    redis_eval(g->redis, &settle, fn, g, 1, 3, argv);
}

void store_compare(struct guard_bucket *b, redis_fn fn)
{
    char name[KEY_SIZE], newest[48];
    const struct outbox_id *id = &b->guard->newest[b->number];
    snprintf(name, sizeof name, "{s%02d}:journaled", b->number);
    snprintf(newest, sizeof newest, "%lld-%lld", id->ms, id->seq);
    const char *argv[] = {name, newest};
    redis_eval(b->guard->redis, &compare, fn, b, 1, 2, argv);
}

void store_subscribe(struct sweeper *s, redis_fn fn)
{
    redis_subscribe(s->notices, "beistand.outbox", fn, s);
}
