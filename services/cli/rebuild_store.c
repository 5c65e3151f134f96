/* See rebuild.h. */
#include "rebuild.h"

#include "common/redis.h"
#include "generated/lua_scripts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 192, ARGS_MAX = 64, OUTBOX_PAGE = 1000 };

static const char *const scripts[FOLDS] = {
    [FOLD_SESSION] = lua_fold_session, [FOLD_COMPUTER] = lua_fold_computer,       [FOLD_DIRECTORY] = lua_fold_directory,
    [FOLD_AUDIT] = lua_fold_audit,     [FOLD_IDEMPOTENCY] = lua_fold_idempotency, [FOLD_BUCKET] = lua_fold_bucket,
    [FOLD_LOGIN] = lua_login,
};

/* ---- answers ---- */

/* NULL after rebuild_failed(). */
static redisReply *checked(struct rebuild *r, redisReply *reply)
{
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    rebuild_failed(r, "redis: %s", reply ? reply->str : r->store.redis->errstr);
    if (reply)
        freeReplyObject(reply);
    return NULL;
}

static bool take_answer(struct rebuild *r, size_t *counter)
{
    void *answer = NULL;
    redisGetReply(r->store.redis, &answer);
    redisReply *reply = checked(r, answer);
    if (!reply)
        return false;
    if (counter && reply->type == REDIS_REPLY_INTEGER)
        *counter += (size_t)reply->integer;
    else if (counter && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, "folded") == 0)
        ++*counter;
    freeReplyObject(reply);
    return true;
}

bool store_flush(struct rebuild *r)
{
    bool good = true;
    for (size_t i = 0; i < r->store.n_waiting && good; i++)
        good = take_answer(r, r->store.counters[i]);
    r->store.n_waiting = 0;
    return good;
}

static bool queue(struct rebuild *r, int argc, const char **argv, size_t *counter)
{
    if (r->store.n_waiting == PIPELINE_MAX && !store_flush(r))
        return false;
    if (redisAppendCommandArgv(r->store.redis, argc, argv, NULL) != REDIS_OK)
        return rebuild_failed(r, "redis: %s", r->store.redis->errstr);
    r->store.counters[r->store.n_waiting++] = counter;
    return true;
}

/* Asks one thing; what was queued before is answered first. NULL after rebuild_failed(). */
static redisReply *ask(struct rebuild *r, const char *format, ...)
{
    if (!store_flush(r))
        return NULL;
    va_list ap;
    va_start(ap, format);
    redisReply *reply = redisvCommand(r->store.redis, format, ap);
    va_end(ap);
    return checked(r, reply);
}

/* ---- start ---- */

static bool load_scripts(struct rebuild *r)
{
    for (int i = 0; i < FOLDS; i++) {
        redisReply *reply = ask(r, "SCRIPT LOAD %s", scripts[i]);
        if (!reply)
            return false;
        snprintf(r->store.sha1[i], sizeof r->store.sha1[i], "%s", reply->str);
        freeReplyObject(reply);
    }
    return true;
}

bool store_open(struct rebuild *r, const char *url)
{
    char host[256];
    int port = 6379, db = 0;
    if (sscanf(url, "redis://%255[^:/]:%d/%d", host, &port, &db) < 1)
        return rebuild_failed(r, "REDIS_URL is not redis://host:port[/db]");
    r->store.redis = redisConnectWithTimeout(host, port, (struct timeval){5, 0});
    if (!r->store.redis || r->store.redis->err)
        return rebuild_failed(r, "redis: %s", r->store.redis ? r->store.redis->errstr : "no memory");
    redisReply *reply = ask(r, "SELECT %d", db);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return load_scripts(r);
}

void store_close(struct store *s)
{
    if (s->redis)
        redisFree(s->redis);
    s->redis = NULL;
}

/* ---- what is queued ---- */

bool store_fold(struct rebuild *r, enum fold fold, const char *key, int argc, const char **argv, size_t *counter)
{
    const char *all[4 + ARGS_MAX] = {"EVALSHA", r->store.sha1[fold], "1", key};
    if (argc > ARGS_MAX)
        return rebuild_failed(r, "too many arguments for %s", key);
    memcpy(all + 4, argv, (size_t)argc * sizeof *argv);
    return queue(r, 4 + argc, all, counter);
}

bool store_drop(struct rebuild *r, int bucket, const char *id)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "{s%02d}:outbox", bucket);
    const char *argv[] = {"XDEL", key, id};
    return queue(r, 3, argv, NULL);
}

/* ---- what is asked at once ---- */

bool store_instance(struct rebuild *r, char run_id[64], char told[80])
{
    redisReply *info = ask(r, "INFO server");
    const char *line = info ? strstr(info->str, "run_id:") : NULL;
    bool good = line && sscanf(line, "run_id:%63[0-9a-f]", run_id) == 1;
    if (info)
        freeReplyObject(info);
    redisReply *reply = good ? ask(r, "GET " REDIS_INSTANCE_KEY) : NULL;
    if (!reply)
        return false;
    snprintf(told, 80, "%s", reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    return true;
}

bool store_set_instance(struct rebuild *r, const char *run_id)
{
    redisReply *reply = ask(r, "SET " REDIS_INSTANCE_KEY " %s", run_id);
    if (reply)
        freeReplyObject(reply);
    return reply != NULL;
}

static bool note_undrained(struct rebuild *r, int bucket, const redisReply *page, char last[64])
{
    for (size_t i = 0; i < page->elements; i++) {
        char id[80];
        snprintf(last, 64, "%s", page->element[i]->element[0]->str);
        snprintf(id, sizeof id, "%02d-%s", bucket, last);
        if (json_object_set_new(r->undrained, id, json_true()) != 0)
            return rebuild_failed(r, "out of memory");
    }
    return true;
}

bool store_read_outboxes(struct rebuild *r)
{
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        char last[64] = "0-0";
        for (size_t n = OUTBOX_PAGE; n == OUTBOX_PAGE;) {
            redisReply *page = ask(r, "XRANGE {s%02d}:outbox (%s + COUNT %d", bucket, last, OUTBOX_PAGE);
            if (!page)
                return false;
            n = page->elements;
            bool good = note_undrained(r, bucket, page, last);
            freeReplyObject(page);
            if (!good)
                return false;
        }
    }
    return true;
}

bool store_key_name(struct rebuild *r, const char *id, char out[65])
{
    redisReply *reply = ask(r, "GET {s%02d}:key-id:%s", bucket_of_id(id), id);
    bool known = reply && reply->type == REDIS_REPLY_STRING && reply->len == 64;
    if (known)
        memcpy(out, reply->str, 65);
    if (reply)
        freeReplyObject(reply);
    return known;
}

bool store_exists(struct rebuild *r, const char *key)
{
    redisReply *reply = ask(r, "EXISTS %s", key);
    bool there = reply && reply->integer == 1;
    if (reply)
        freeReplyObject(reply);
    return there;
}
