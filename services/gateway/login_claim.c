/* An e-mail address signs one person in, in one company. The claim is made before the person is written, so nobody
 * else can take the address meanwhile; what a crash leaves behind is taken over after a minute. */
#include "directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VALUE_SIZE = 80, IDS = 2 * (ID_SIZE - 1) + 1, STALE_MS = 60000 };

struct claim {
    struct call *call;
    char value[VALUE_SIZE], holder[VALUE_SIZE];
    char email[EMAIL_MAX + 1];
    claim_fn done;
};

static void finish(struct claim *claim, const char *reason)
{
    claim->done(claim->call, reason);
    free(claim);
}

static void on_claimed_again(void *user, const redisReply *reply)
{
    struct claim *claim = user;
    if (!reply || reply->type != REDIS_REPLY_STRING)
        finish(claim, "unavailable");
    else
        finish(claim, strcmp(reply->str, claim->value) == 0 ? NULL : "email_taken");
}

/* The holder's person: does the address still belong to them? */
static void on_holder(void *user, const redisReply *reply)
{
    struct claim *claim = user;
    json_t *person = hash_object(reply);
    bool theirs = person && strcasecmp(json_text(person, "email", ""), claim->email) == 0;
    json_decref(person);
    /* Of the operator's CLI and older releases there is no time: those are complete. */
    const char *at = strlen(claim->holder) > IDS ? claim->holder + IDS + 1 : "0";
    bool old = strtoll(at, NULL, 10) + STALE_MS < wall_now_ms();
    if (!reply)
        finish(claim, "unavailable");
    else if (theirs || !old)
        finish(claim, "email_taken");
    else
        store_claim_login(claim->call->gateway, claim->email, claim->value, claim->holder, on_claimed_again, claim);
}

static void on_claimed(void *user, const redisReply *reply)
{
    struct claim *claim = user;
    char tid[ID_SIZE];
    if (!reply || reply->type != REDIS_REPLY_STRING) {
        finish(claim, "unavailable");
        return;
    }
    if (strncmp(reply->str, claim->value, IDS) == 0) {
        finish(claim, NULL);
        return;
    }
    snprintf(claim->holder, sizeof claim->holder, "%s", reply->str);
    snprintf(tid, sizeof tid, "%s", reply->str);
    store_entity(claim->call->gateway, bucket_of_id(tid), "technician", tid, on_holder, claim);
}

static void make_value(char out[VALUE_SIZE], const char *technician, const char *company)
{
    snprintf(out, VALUE_SIZE, "%s:%s:%lld", technician, company, (long long)wall_now_ms());
}

void claim_login(struct call *c, const char *technician, const char *company, const char *email, claim_fn done)
{
    struct claim *claim = calloc(1, sizeof *claim);
    if (!claim)
        abort();
    claim->call = c;
    claim->done = done;
    snprintf(claim->email, sizeof claim->email, "%s", email);
    make_value(claim->value, technician, company);
    store_claim_login(c->gateway, email, claim->value, "", on_claimed, claim);
}

void release_login(struct call *c, const char *technician, const char *company, const char *email)
{
    char value[VALUE_SIZE];
    make_value(value, technician, company);
    if (*email)
        store_release_login(c->gateway, email, value);
}
