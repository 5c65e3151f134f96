/* What lists have in common: how much is asked for, and answers of Redis that come in parts. */
#include "gateway.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, PART_NAME_SIZE = 80 };

bool read_limit(struct call *c)
{
    const char *text = http_query(c->request, "limit");
    char *end = NULL;
    unsigned long n = text ? strtoul(text, &end, 10) : LIMIT_DEFAULT;
    c->limit = (unsigned)n;
    return (!text || (isdigit((unsigned char)*text) && !*end)) && n >= 1 && n <= PAGE_MAX;
}

struct part {
    struct call *call;
    char name[PART_NAME_SIZE];
};

static void name_part(char out[PART_NAME_SIZE], const char *prefix, const char *id)
{
    snprintf(out, PART_NAME_SIZE, "%s%s", prefix, id);
}

void parts_begin(struct call *c, void (*done)(struct call *c))
{
    json_decref(c->parts);
    c->parts = json_object();
    c->gathered = done;
    c->waiting = 1; /* ours, so that it cannot be done while it is being asked */
}

struct part *part_expected(struct call *c, const char *prefix, const char *id)
{
    struct part *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->call = c;
    name_part(p->name, prefix, id);
    c->waiting++;
    return p;
}

void parts_lose(struct call *c)
{
    json_object_set_new(c->parts, "lost", json_true());
}

void parts_done(struct call *c)
{
    if (--c->waiting > 0)
        return;
    if (json_object_get(c->parts, "lost"))
        call_refuse(c, "unavailable", NULL);
    else
        c->gathered(c);
}

void on_part(void *user, const redisReply *reply)
{
    struct part *p = user;
    struct call *c = p->call;
    json_t *value = reply && reply->type == REDIS_REPLY_INTEGER ? json_integer(reply->integer) : hash_object(reply);
    if (value)
        json_object_set_new(c->parts, p->name, value);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        parts_lose(c);
    free(p);
    parts_done(c);
}

const json_t *part_of(const struct call *c, const char *prefix, const char *id)
{
    char name[PART_NAME_SIZE];
    name_part(name, prefix, id);
    return json_object_get(c->parts, name);
}
