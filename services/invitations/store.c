/* Invitations' words with Redis (proto/OWNERS.md). */
#include "invitations.h"

#include "generated/lua_scripts.h"

#include <stdio.h>

enum { KEY_SIZE = 96 };

static struct redis_script mail = {.name = "mail", .text = lua_mail};

void store_record(struct mail *m, redis_fn fn)
{
    char key[KEY_SIZE];
    redis_send(m->invitations->redis, fn, m, "HGETALL",
               bucket_key(key, sizeof key, m->bucket, "session", m->session), NULL);
}

void store_outcome(struct mail *m, redis_fn fn)
{
    char key[KEY_SIZE], delay[24];
    snprintf(delay, sizeof delay, "%lld", (long long)m->delay_ms);
    const char *argv[] = {bucket_key(key, sizeof key, m->bucket, "session", m->session), m->generation, m->outcome,
                          delay};
    redis_eval(m->invitations->redis, &mail, fn, m, 1, 4, argv);
}
