/* Invitations' words with Redis about webhooks (proto/OWNERS.md). */
#include "webhook.h"

#include "common/json.h"

#include "generated/lua_scripts.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_SIZE = 96 };

static struct redis_script webhook = {.name = "webhook", .text = lua_webhook};

void store_hooks_exist(struct invitations *i, const char *company, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(company), "company-webhooks", company);
    redis_send(i->redis, fn, user, "EXISTS", key, NULL);
}

void store_webhook(struct invitations *i, int bucket, const char *kind, const char *name, json_t *wish, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    char *text = json_compact(wish);
    json_decref(wish);
    const char *argv[] = {bucket_key(key, sizeof key, bucket, kind, name), text ? text : "{}"};
    redis_eval(i->redis, &webhook, fn, user, 1, 2, argv);
    free(text);
}
