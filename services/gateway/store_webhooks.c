/* The gateway's words with Redis about webhooks (proto/OWNERS.md). */
#include "webhooks.h"

#include "generated/lua_scripts.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_SIZE = 192 };

static struct redis_script webhook = {.name = "webhook", .text = lua_webhook};

void store_webhook(struct call *c, redis_fn record, redis_fn state, void *user, const char *wid)
{
    char key[KEY_SIZE];
    store_entity(c->gateway, c->who.bucket, "webhook", wid, record, user);
    bucket_key(key, sizeof key, c->who.bucket, "webhook-state", wid);
    redis_send(c->gateway->redis, state, user, "HGETALL", key, NULL);
}

void store_webhook_index(struct call *c, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "company-webhooks", c->who.company);
    redis_send(c->gateway->redis, fn, c, "ZREVRANGE", key, "0", "-1", NULL);
}

void store_webhook_again(struct call *c, const char *id, const char *body, redis_fn fn)
{
    char key[KEY_SIZE];
    json_t *wish = json_pack("{ss ss}", "verb", "again", "id", id);
    if (body)
        json_object_set_new(wish, "body", json_string(body));
    char *text = json_compact(wish);
    json_decref(wish);
    const char *argv[] = {bucket_key(key, sizeof key, c->who.bucket, "webhook", c->ids[0]), text ? text : "{}"};
    redis_eval(c->gateway->redis, &webhook, fn, c, 1, 2, argv);
    free(text);
}

void store_delivery_page(struct call *c, const char *ms, unsigned limit, redis_fn fn)
{
    char key[KEY_SIZE], count[16];
    bucket_key(key, sizeof key, c->who.bucket, "webhook-deliveries", c->ids[0]);
    snprintf(count, sizeof count, "%u", limit);
    redis_send(c->gateway->redis, fn, c, "ZREVRANGEBYSCORE", key, ms, "-inf", "WITHSCORES", "LIMIT", "0", count, NULL);
}

void store_delivery(struct call *c, const char *id, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    snprintf(key, sizeof key, "{s%02d}:webhook-delivery:%s:%s", c->who.bucket, c->ids[0], id);
    redis_send(c->gateway->redis, fn, user, "HGETALL", key, NULL);
}
