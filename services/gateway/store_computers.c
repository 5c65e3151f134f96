/* The gateway's words with Redis about computers (proto/OWNERS.md). */
#include "gateway.h"

#include "generated/lua_scripts.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_SIZE = 128 };

static struct redis_script computer = {.name = "computer", .text = lua_computer};
static struct redis_script groups = {.name = "computer_groups", .text = lua_computer_groups};

static const char *company_key(const struct call *c, char out[KEY_SIZE])
{
    return bucket_key(out, KEY_SIZE, c->who.bucket, "company", c->who.company);
}

void store_computer_command(struct call *c, json_t *command, redis_fn fn)
{
    char key[KEY_SIZE];
    char *text = json_compact(command);
    const char *argv[] = {company_key(c, key), text ? text : "{}"};
    redis_eval(c->gateway->redis, &computer, fn, c, 1, 2, argv);
    free(text);
    json_decref(command);
}

void store_computer_groups(struct call *c, redis_fn fn)
{
    char key[KEY_SIZE];
    const char *argv[] = {company_key(c, key), c->who.company};
    redis_eval(c->gateway->redis, &groups, fn, c, 1, 2, argv);
}

void store_computer(struct gateway *g, const char *id, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    redis_send(g->redis, fn, user, "HGETALL", bucket_key(key, sizeof key, bucket_of_id(id), "computer", id), NULL);
}

void store_computer_page(struct call *c, const char *first, const char *last, unsigned limit, redis_fn fn)
{
    char key[KEY_SIZE], count[16];
    snprintf(count, sizeof count, "%u", limit);
    bucket_key(key, sizeof key, c->who.bucket, "computers", c->who.company);
    redis_send(c->gateway->redis, fn, c, "ZRANGEBYLEX", key, first, last, "LIMIT", "0", count, NULL);
}

void store_viewers(struct gateway *g, const char *sid, redis_fn fn, void *user)
{
    char key[KEY_SIZE], now[24];
    snprintf(now, sizeof now, "%lld", (long long)wall_now_ms());
    bucket_key(key, sizeof key, bucket_of_id(sid), "viewers", sid);
    redis_send(g->redis, fn, user, "ZCOUNT", key, now, "+inf", NULL);
}
