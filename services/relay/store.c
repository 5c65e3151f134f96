/* The relay's words with Redis (proto/OWNERS.md). */
#include "relay.h"

#include "common/random.h"
#include "generated/lua_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 128 };

static struct redis_script presence = {.name = "presence", .text = lua_presence};

struct asked *asked_new(struct conn *c)
{
    struct asked *a = malloc(sizeof *a);
    if (!a)
        abort();
    *a = (struct asked){c->relay, c->fd, c->serial};
    return a;
}

struct conn *asked_conn(struct asked *a)
{
    struct conn *c = conn_find(a->relay, a->fd, a->serial);
    free(a);
    return c;
}

static const char *session_key(const struct conn *c, char out[KEY_SIZE])
{
    return bucket_key(out, KEY_SIZE, bucket_of_id(c->session), "session", c->session);
}

void store_take_ticket(struct conn *c, redis_fn fn)
{
    char digest[65], key[KEY_SIZE];
    sha256_hex(digest, c->secret, strlen(c->secret));
    bucket_key(key, sizeof key, bucket_of_secret(c->secret), "ticket", digest);
    redis_send(c->relay->redis, fn, asked_new(c), "GETDEL", key, NULL);
}

void store_session(struct conn *c, redis_fn fn)
{
    char key[KEY_SIZE];
    redis_send(c->relay->redis, fn, asked_new(c), "HMGET", session_key(c, key), "agent_token_hash", "state",
               "reason", NULL);
}

void store_noted(struct conn *c, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(c->conn_id), "conn", c->conn_id);
    redis_send(c->relay->redis, fn, asked_new(c), "GET", key, NULL);
}

void store_note(struct conn *c)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(c->conn_id), "conn", c->conn_id);
    redis_send(c->relay->redis, NULL, NULL, "SET", key, c->session, "EX", "60", NULL);
}

void store_offer(struct conn *c)
{
    redis_send(c->relay->redis, NULL, NULL, "PUBLISH", "beistand.offer", c->offer, NULL);
}

void store_presence(struct conn *c, const char *verb, redis_fn fn)
{
    char key[KEY_SIZE], holder[128];
    snprintf(holder, sizeof holder, "%s/%llu", c->relay->settings.node, (unsigned long long)c->serial);
    const char *argv[] = {session_key(c, key), verb, holder};
    redis_eval(c->relay->redis, &presence, fn, fn ? asked_new(c) : NULL, 1, 3, argv);
}

void store_subscribe(struct relay *r, redis_fn ended, redis_fn offers)
{
    redis_subscribe(r->ended, "beistand.ended", ended, r);
    redis_subscribe(r->offers, "beistand.offer", offers, r);
}
