/* The gateway's words with Redis (proto/OWNERS.md). */
#include "gateway.h"

#include "common/random.h"
#include "generated/lua_scripts.h"
#include "generated/plans.h"

#include <stdio.h>
#include <string.h>

enum { KEY_SIZE = 128 };

static struct redis_script end_script = {.name = "end", .text = lua_end};
static struct redis_script feed_open = {.name = "feed_open", .text = lua_feed_open};
static struct redis_script handover = {.name = "handover", .text = lua_handover};

static const char *secret_key(char *out, int bucket, const char *kind, const char *secret)
{
    char digest[65];
    sha256_hex(digest, secret, strlen(secret));
    return bucket_key(out, KEY_SIZE, bucket, kind, digest);
}

void store_credential(struct call *c, const char *kind, const char *secret, redis_fn fn)
{
    secret_key(c->who.key, c->who.bucket, kind, secret);
    redis_send(c->gateway->redis, fn, c, "HGETALL", c->who.key, NULL);
}

void store_known_key(struct call *c, const char *secret, known_fn fn)
{
    secret_key(c->who.key, c->who.bucket, "key", secret);
    known_hash(c->gateway, c->who.key, fn, c);
}

void store_person(struct call *c, redis_fn person, redis_fn firm)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "technician", c->who.technician);
    redis_send(c->gateway->redis, person, c, "HGETALL", key, NULL);
    bucket_key(key, sizeof key, c->who.bucket, "company", c->who.company);
    redis_send(c->gateway->redis, firm, c, "HGETALL", key, NULL);
}

void store_known_person(struct call *c, known_fn person, known_fn firm)
{
    char technician[KEY_SIZE], company[KEY_SIZE];
    struct gateway *g = c->gateway;
    bucket_key(technician, sizeof technician, c->who.bucket, "technician", c->who.technician);
    bucket_key(company, sizeof company, c->who.bucket, "company", c->who.company);
    known_hash(g, technician, person, c);
    known_hash(g, company, firm, c);
}

void store_hash(struct gateway *g, const char *key, bool tracked, redis_fn fn, void *user)
{
    if (tracked)
        redis_send(g->redis, NULL, NULL, "CLIENT", "CACHING", "YES", NULL);
    redis_send(g->redis, fn, user, "HGETALL", key, NULL);
}

void store_track(struct gateway *g, redis_fn fn, void *user)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", redis_client_id(g->notices));
    redis_send(g->redis, fn, user, "CLIENT", "TRACKING", "ON", "REDIRECT", id, "OPTIN", NULL);
}

void store_beat(struct gateway *g, const char *text)
{
    redis_send(g->redis, NULL, NULL, "PUBLISH", "beistand.beat", text, NULL);
}

void store_subscribe_known(struct gateway *g, redis_fn changed, redis_fn beat)
{
    redis_subscribe(g->notices, "__redis__:invalidate", changed, g);
    redis_subscribe(g->notices, "beistand.beat", beat, g);
}

void store_session(struct gateway *g, const char *sid, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(sid), "session", sid);
    redis_send(g->redis, fn, user, "HGETALL", key, NULL);
}

void store_presence(struct gateway *g, const char *sid, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(sid), "presence", sid);
    redis_send(g->redis, fn, user, "HGETALL", key, NULL);
}

/* HMGET of a record's fields as Redis reads it; all but the key is the same each time. */
static size_t write_fields_read(char *out, size_t size, const char *key)
{
    static const char *const names[] = {
#define X(name) #name,
        SESSION_FIELDS(X)
#undef X
    };
    static char fields[2048];
    static size_t n;
    enum { COUNT = sizeof names / sizeof *names };
    for (size_t i = 0, first = n; first == 0 && i < COUNT; i++)
        n += (size_t)snprintf(fields + n, sizeof fields - n, "$%zu\r\n%s\r\n", strlen(names[i]), names[i]);
    int head = snprintf(out, size, "*%d\r\n$5\r\nHMGET\r\n$%zu\r\n%s\r\n", COUNT + 2, strlen(key), key);
    memcpy(out + head, fields, n);
    return (size_t)head + n;
}

void store_shown(struct call *c, redis_fn since, redis_fn fields)
{
    char key[KEY_SIZE], command[KEY_SIZE + 2200];
    bucket_key(key, sizeof key, c->who.bucket, "presence", c->session);
    redis_send(c->gateway->redis, since, c, "HGET", key, "since", NULL);
    bucket_key(key, sizeof key, c->who.bucket, "session", c->session);
    redis_raw(c->gateway->redis, fields, c, command, write_fields_read(command, sizeof command, key));
}

void store_now(struct call *c, redis_fn mark, redis_fn time)
{
    char key[KEY_SIZE];
    snprintf(key, sizeof key, "{s%02d}:clock", c->who.bucket);
    redis_send(c->gateway->redis, mark, c, "GET", key, NULL);
    redis_send(c->gateway->redis, time, c, "TIME", NULL);
}

void store_open_sessions(struct call *c, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "leases:company", c->who.company);
    redis_send(c->gateway->redis, fn, c, "ZRANGE", key, "0", "-1", "WITHSCORES", NULL);
}

void store_session_page(struct call *c, const char *before, unsigned limit, redis_fn fn)
{
    char key[KEY_SIZE], count[16], max[40];
    bucket_key(key, sizeof key, c->who.bucket, "company-sessions", c->who.company);
    snprintf(count, sizeof count, "%u", limit);
    snprintf(max, sizeof max, "%s%s", before ? "(" : "", before ? before : "+inf");
    redis_send(c->gateway->redis, fn, c, "ZREVRANGEBYSCORE", key, max, "-inf", "WITHSCORES", "LIMIT",
               "0", count, NULL);
}

void store_end(struct call *c, const char *reason, const char *actor, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "session", c->session);
    const char *argv[] = {key, reason, actor, c->command, "0", c->who.company, c->who.administrator ? "" : c->who.technician};
    redis_eval(c->gateway->redis, &end_script, fn, c, 1, 7, argv);
}

void store_hand_over(struct call *c, const char *technician, const char *actor, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "session", c->session);
    const char *argv[] = {key, technician, actor, c->command, plans_json};
    redis_eval(c->gateway->redis, &handover, fn, c, 1, 5, argv);
}

void store_ticket(struct call *c, const char *ticket, const char *json, redis_fn fn)
{
    char key[KEY_SIZE], ttl[16];
    secret_key(key, c->who.bucket, "ticket", ticket);
    snprintf(ttl, sizeof ttl, "%d", TICKET_TTL_S);
    redis_send(c->gateway->redis, fn, c, "SET", key, json, "EX", ttl, "NX", NULL);
}

void store_subscribe(struct gateway *g, redis_fn fn)
{
    redis_subscribe(g->notices, "beistand.changed", fn, g);
}

void store_open_feed(struct call *c, const char *epoch, const char *place, redis_fn fn)
{
    char key[KEY_SIZE];
    const char *argv[] = {bucket_key(key, sizeof key, c->who.bucket, "feed", c->who.company), epoch, place};
    redis_eval(c->gateway->redis, &feed_open, fn, c, 1, 3, argv);
}

void store_feed(struct gateway *g, const char *company, const char *place, const char *count, redis_fn epoch,
                redis_fn entries, void *user)
{
    char key[KEY_SIZE], after[64], epoch_key[KEY_SIZE];
    int bucket = bucket_of_id(company);
    snprintf(epoch_key, sizeof epoch_key, "{s%02d}:epoch", bucket);
    snprintf(after, sizeof after, "(%s", place);
    bucket_key(key, sizeof key, bucket, "feed", company);
    redis_send(g->redis, epoch, user, "GET", epoch_key, NULL);
    redis_send(g->redis, entries, user, "XRANGE", key, after, "+", "COUNT", count, NULL);
}
