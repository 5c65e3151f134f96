/* The gateway's words with Redis about signing in (proto/OWNERS.md). */
#include "oidc.h"

#include "common/random.h"
#include "generated/lua_scripts.h"

#include <stdio.h>
#include <string.h>

enum { KEY_SIZE = 160 };

static struct redis_script rate = {.name = "rate", .text = lua_rate};
static struct redis_script attempt = {.name = "attempt", .text = lua_attempt};
static struct redis_script sign_in = {.name = "sign_in", .text = lua_sign_in};

void store_tokens(struct call *c, const char *what, unsigned burst, double per_ms, unsigned cost, bool spent,
                  redis_fn fn, void *user)
{
    char key[KEY_SIZE], digest[DIGEST_SIZE], most[16], per[32], taken[16];
    sha256_hex(digest, what, strlen(what));
    bucket_key(key, sizeof key, bucket_of_digest(digest), "rate", digest);
    snprintf(most, sizeof most, "%u", burst);
    snprintf(per, sizeof per, "%.3f", per_ms);
    snprintf(taken, sizeof taken, "%u", cost);
    const char *argv[] = {key, most, per, taken, spent ? "1" : "0"};
    redis_eval(c->gateway->redis, &rate, fn, user, 1, 5, argv);
}

void store_rate(struct call *c, const char *what, unsigned burst, int64_t per_ms, redis_fn fn)
{
    store_tokens(c, what, burst, (double)per_ms, 1, false, fn, c);
}

static void ignore(void *user, const redisReply *reply)
{
    (void)user, (void)reply;
}

void store_attempt(struct call *c, const char *verb, redis_fn fn, void *user)
{
    const struct attempt *a = c->attempt;
    char key[LOGIN_KEY_SIZE];
    const char *argv[] = {login_key(key, a->email), verb, a->address_digest};
    redis_eval(c->gateway->redis, &attempt, fn ? fn : ignore, user, 1, 3, argv);
}

void store_sign_in(struct call *c, const char *wish, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "technician", c->who.technician);
    const char *argv[] = {key, wish};
    redis_eval(c->gateway->redis, &sign_in, fn ? fn : ignore, user, 1, 2, argv);
}

void store_sign_ins(struct call *c, const char *technician, redis_fn fn)
{
    char key[KEY_SIZE], now[32];
    bucket_key(key, sizeof key, c->who.bucket, "technician-sign-ins", technician);
    snprintf(now, sizeof now, "(%lld", (long long)wall_now_ms());
    redis_send(c->gateway->redis, fn, c, "ZREVRANGEBYSCORE", key, "+inf", now, "WITHSCORES", NULL);
}

void store_sign_in_digest(struct call *c, const char *id, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(id), "sign-in", id);
    redis_send(c->gateway->redis, fn, c, "GET", key, NULL);
}

void store_subscribe_revoked(struct gateway *g, redis_fn fn)
{
    redis_subscribe(g->notices, "beistand.revoked", fn, g);
}

static const char *oidc_key(char out[KEY_SIZE], int bucket, const char *state)
{
    char digest[DIGEST_SIZE];
    sha256_hex(digest, state, strlen(state));
    return bucket_key(out, KEY_SIZE, bucket, "oidc", digest);
}

void store_oidc_state(struct call *c, const char *state, const char *json, redis_fn fn)
{
    char key[KEY_SIZE], ttl[16];
    snprintf(ttl, sizeof ttl, "%d", OIDC_TTL_S);
    redis_send(c->gateway->redis, fn, c, "SET", oidc_key(key, c->who.bucket, state), json, "EX", ttl, "NX", NULL);
}

void store_take_oidc_state(struct call *c, const char *state, redis_fn fn)
{
    char key[KEY_SIZE];
    redis_send(c->gateway->redis, fn, c, "GETDEL", oidc_key(key, c->who.bucket, state), NULL);
}
