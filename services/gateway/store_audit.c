/* The gateway's words with Redis about audit logs (proto/OWNERS.md). */
#include "audit.h"

#include "generated/lua_scripts.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_SIZE = 128 };

static struct redis_script note_script = {.name = "note", .text = lua_note};

void store_note(struct gateway *g, const char *company, const char *note)
{
    char key[KEY_SIZE];
    const char *argv[] = {bucket_key(key, sizeof key, bucket_of_id(company), "company", company), note};
    redis_eval(g->redis, &note_script, NULL, NULL, 1, 2, argv);
}

void store_audit_head(struct gateway *g, const char *company, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(company), "audit-head", company);
    redis_send(g->redis, fn, user, "HMGET", key, "seq", "hash", NULL);
}

void store_audit_before(struct gateway *g, const char *company, int64_t before, unsigned limit, redis_fn fn, void *user)
{
    char key[KEY_SIZE], from[40], count[16];
    bucket_key(key, sizeof key, bucket_of_id(company), "audit", company);
    snprintf(from, sizeof from, "(%" PRId64 "-0", before);
    snprintf(count, sizeof count, "%u", limit);
    redis_send(g->redis, fn, user, "XREVRANGE", key, from, "-", "COUNT", count, NULL);
}

void store_audit_after(struct gateway *g, const char *company, int64_t after, unsigned limit, redis_fn fn, void *user)
{
    char key[KEY_SIZE], from[40], count[16];
    bucket_key(key, sizeof key, bucket_of_id(company), "audit", company);
    snprintf(from, sizeof from, "(%" PRId64 "-0", after);
    snprintf(count, sizeof count, "%u", limit);
    redis_send(g->redis, fn, user, "XRANGE", key, from, "+", "COUNT", count, NULL);
}

void store_audit_record(struct gateway *g, const char *company, const char *seq, redis_fn fn, void *user)
{
    char key[KEY_SIZE], id[40];
    bucket_key(key, sizeof key, bucket_of_id(company), "audit", company);
    snprintf(id, sizeof id, "%.24s-0", seq);
    redis_send(g->redis, fn, user, "XRANGE", key, id, id, NULL);
}

void store_audit_of_session(struct gateway *g, const char *sid, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(sid), "audit-session", sid);
    redis_send(g->redis, fn, user, "LRANGE", key, "0", "-1", NULL);
}
