/* The gateway's words with Redis about the directory (proto/OWNERS.md). */
#include "directory.h"

#include "common/random.h"
#include "generated/lua_scripts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { KEY_SIZE = LOGIN_KEY_SIZE };

static struct redis_script directory = {.name = "directory", .text = lua_directory};
static struct redis_script login = {.name = "login", .text = lua_login};
static struct redis_script end_script = {.name = "end", .text = lua_end};

void store_entity(struct gateway *g, int bucket, const char *kind, const char *name, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket, kind, name);
    redis_send(g->redis, fn, user, "HGETALL", key, NULL);
}

void store_change(struct change *ch, const char *wish, const char *sealed, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, ch->bucket, ch->kind, ch->name);
    const char *argv[] = {key, wish, sealed};
    redis_eval(ch->call->gateway->redis, &directory, fn, ch, 1, 3, argv);
}

void store_index_page(struct gateway *g, int bucket, const char *index, const char *owner, const char *before, unsigned limit,
                      redis_fn fn, void *user)
{
    char key[KEY_SIZE], max[KEY_SIZE], count[16];
    if (*owner)
        bucket_key(key, sizeof key, bucket, index, owner);
    else
        snprintf(key, sizeof key, "{s%02d}:%s", bucket, index);
    snprintf(max, sizeof max, "%s%s", before ? "(" : "+", before ? before : "");
    snprintf(count, sizeof count, "%u", limit);
    redis_send(g->redis, fn, user, "ZREVRANGEBYLEX", key, max, "-", "LIMIT", "0", count, NULL);
}

void store_key_by_id(struct call *c, const char *id, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(id), "key-id", id);
    redis_send(c->gateway->redis, fn, c, "GET", key, NULL);
}

void store_link(struct call *c, const char *digest, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->who.bucket, "activate-account", digest);
    redis_send(c->gateway->redis, fn, c, "GET", key, NULL);
}

const char *login_key(char out[LOGIN_KEY_SIZE], const char *email)
{
    char lower[EMAIL_MAX + 1], digest[DIGEST_SIZE];
    size_t n = 0;
    for (; email[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)tolower((unsigned char)email[n]);
    sha256_hex(digest, lower, n);
    return bucket_key(out, LOGIN_KEY_SIZE, bucket_of_digest(digest), "login", digest);
}

void store_claim_login(struct gateway *g, const char *email, const char *value, const char *stale, redis_fn fn, void *user)
{
    char key[KEY_SIZE];
    const char *argv[] = {login_key(key, email), "claim", value, stale};
    redis_eval(g->redis, &login, fn, user, 1, 4, argv);
}

static void ignore(void *user, const redisReply *reply)
{
    (void)user, (void)reply;
}

void store_release_login(struct gateway *g, const char *email, const char *value)
{
    char key[KEY_SIZE];
    const char *argv[] = {login_key(key, email), "release", value, ""};
    redis_eval(g->redis, &login, ignore, NULL, 1, 4, argv);
}

void store_leases(struct call *c, int bucket, const char *company, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket, "leases:company", company);
    redis_send(c->gateway->redis, fn, c, "ZRANGE", key, "0", "-1", NULL);
}

void store_end_of(struct call *c, const char *sid, const char *reason, const char *actor, redis_fn fn, void *user)
{
    char key[KEY_SIZE], command[ID_SIZE];
    new_id(command, bucket_of_id(sid));
    bucket_key(key, sizeof key, bucket_of_id(sid), "session", sid);
    const char *argv[] = {key, reason, actor, command, "0"};
    redis_eval(c->gateway->redis, &end_script, fn, user, 1, 5, argv);
}
