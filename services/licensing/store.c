/* Licensing's words with Redis: the transitions it runs (proto/OWNERS.md). */
#include "licensing.h"

#include "common/json.h"
#include "generated/lua_scripts.h"
#include "generated/plans.h"

#include <stdio.h>

static struct redis_script create = {.name = "create", .text = lua_create};
static struct redis_script reinvite = {.name = "reinvite", .text = lua_reinvite};
static struct redis_script end = {.name = "end", .text = lua_end};
static struct redis_script removal = {.name = "removal", .text = lua_removal};

enum { KEY_SIZE = 96 };

static const char *record_key(const struct command *c, char out[KEY_SIZE])
{
    return bucket_key(out, KEY_SIZE, c->bucket, "session", c->session);
}

void store_create(struct command *c, const char *link_token, const char *kid)
{
    char key[KEY_SIZE];
    const char *argv[] = {record_key(c, key), c->text, link_token, kid, plans_adhoc_json};
    redis_eval(c->licensing->redis, &create, command_replied, c, 1, 5, argv);
}

void store_generation(struct command *c, redis_fn fn)
{
    char key[KEY_SIZE];
    redis_send(c->licensing->redis, fn, c, "HGET", record_key(c, key), "generation", NULL);
}

void store_reinvite(struct command *c, const char *link_token, const char *kid, redis_fn fn)
{
    char key[KEY_SIZE], generation[16];
    snprintf(generation, sizeof generation, "%u", c->generation);
    const char *argv[] = {record_key(c, key), c->text, link_token, generation, kid};
    redis_eval(c->licensing->redis, &reinvite, fn, c, 1, 5, argv);
}

void store_expire(struct command *c)
{
    char key[KEY_SIZE];
    const char *argv[] = {record_key(c, key), "session_expired",
                          "{\"type\":\"service\",\"id\":\"licensing\"}",
                          json_text(c->json, "id", ""), "1"};
    redis_eval(c->licensing->redis, &end, command_replied, c, 1, 5, argv);
}

void store_unconfirmed(struct command *c)
{
    char key[KEY_SIZE];
    const char *argv[] = {record_key(c, key), "unconfirmed", json_text(c->json, "id", "")};
    redis_eval(c->licensing->redis, &removal, command_replied, c, 1, 3, argv);
}
