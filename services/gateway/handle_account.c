/* POST /v1/account/activate: the one-time link that sets a password. The link is used up by the same transition that
 * writes the password, so a failure between costs nobody their link. */
#include "sign_in.h"

#include "common/random.h"

#include <stdio.h>
#include <string.h>

static void on_password_set(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0)
        http_respond(c->request, 204, NULL, "", 0);
    else if (strcmp(outcome, "not_found") == 0)
        call_refuse(c, "not_found", "This link was used already or is too old. Ask for a new one.");
    else
        call_refuse(c, outcome, NULL);
}

static const char *plan_password(struct change *ch)
{
    return ch->record ? NULL : "not_found";
}

static void on_encoded(void *user, bool ok, const char *encoded)
{
    struct call *c = user;
    if (!ok) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    struct change *ch = change_new(c, "update", "technician", c->who.company, c->who.technician, NULL);
    change_password(ch, encoded);
    change_set(ch, "reset", NULL);
    json_object_set_new(ch->rules, "link", json_pack("{ss sb}", "digest", c->text, "use", 1));
    ch->plan = plan_password;
    ch->done = on_password_set;
    change_run(ch);
}

static void on_person(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    const char *company = json_text(c->record, "company", "");
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
    } else if (bucket_of_id(company) != c->who.bucket) {
        call_refuse(c, "not_found", NULL);
    } else {
        snprintf(c->who.company, sizeof c->who.company, "%s", company);
        if (!passwords_ask(c->gateway->passwords, c->attempt->address, true, json_text(c->body, "password", ""), NULL,
                           on_encoded, c))
            limit_refuse(c, 1000);
    }
}

static void on_link(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
    } else if (reply->type != REDIS_REPLY_STRING || strlen(reply->str) != ID_SIZE - 1) {
        call_refuse(c, "not_found", "This link was used already or is too old. Ask for a new one.");
    } else {
        memcpy(c->who.technician, reply->str, ID_SIZE);
        store_entity(c->gateway, c->who.bucket, "technician", c->who.technician, on_person, c);
    }
}

static void look_up(struct call *c)
{
    store_link(c, c->text, on_link);
}

void handle_account_activate(struct call *c)
{
    static const char *const members[] = {"token", "password", NULL};
    const char *token, *password;
    char digest[DIGEST_SIZE];
    if (json_unknown_member(c->body, members) || json_field(c->body, "token", 64, &token) != 0 ||
        json_field(c->body, "password", PASSWORD_MAX, &password) != 0 || !token || !password ||
        strlen(password) < PASSWORD_MIN) {
        call_refuse(c, "invalid_request", "token and a password of at least 12 characters are needed.");
        return;
    }
    c->who.bucket = bucket_of_secret(token);
    if (c->who.bucket < 0) {
        call_refuse(c, "not_found", NULL);
        return;
    }
    sha256_hex(digest, token, strlen(token));
    c->text = strdup(digest);
    limit_public(c, look_up);
}
