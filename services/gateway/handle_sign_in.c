/* POST /v1/sign-in: limits, password (Argon2id), second factor, cookie; and sign-out. An unknown address costs the same
 * time as a wrong password, and gets the same answer. */
#include "sign_in.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Verified against when there is nobody: made of a random password nobody knows. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$"
                             "Y2FsbG1laXNobWFlbDEyMw$6Gzd6R1dKVhJcVmnUc4L5S8vqnPzCe/9YlB5lAaWgSI";

/* ---- after the password ---- */

static void make_cookie(struct call *c)
{
    sign_in_start(c, respond_me);
}

static void check_code(struct call *c)
{
    second_factor_check(c, json_text(c->body, "code", ""), make_cookie);
}

static void on_verified(void *user, bool ok, const char *encoded)
{
    (void)encoded;
    struct call *c = user;
    const struct principal *p = &c->who;
    bool usable = p->person && p->firm && strcmp(json_text(p->person, "disabled", "0"), "1") != 0 &&
                  strcasecmp(json_text(p->person, "email", ""), c->attempt->email) == 0;
    if (!ok || !usable) {
        store_attempt(c, "failed", NULL, NULL);
        sign_in_refused(c, "unauthenticated");
        call_refuse(c, "unauthenticated", "E-mail address or password are not right.");
        return;
    }
    c->who.administrator = strcmp(json_text(p->person, "role", ""), "administrator") == 0;
    if (!*json_text(p->person, "totp", ""))
        make_cookie(c);
    else if (!*json_text(c->body, "code", ""))
        call_refuse(c, "second_factor_required", NULL);
    else
        limit_code(c, check_code);
}

/* ---- the password ---- */

static void verify(struct call *c)
{
    const char *encoded = json_text(c->who.person, "password", "");
    if (!passwords_ask(c->gateway->passwords, c->attempt->address, c->attempt->known, json_text(c->body, "password", ""),
                       *encoded ? encoded : nobody, on_verified, c))
        limit_refuse(c, 1000);
}

static void on_firm(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.firm = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else
        limit_delay(c, verify);
}

static void on_person(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.person = hash_object(reply);
}

bool read_person_ids(struct call *c, const char *text)
{
    if (strlen(text) < 2 * (ID_SIZE - 1) + 1 || text[ID_SIZE - 1] != ':')
        return false;
    memcpy(c->who.technician, text, ID_SIZE - 1);
    memcpy(c->who.company, text + ID_SIZE, ID_SIZE - 1);
    c->who.bucket = bucket_of_id(c->who.technician);
    return c->who.bucket >= 0;
}

static void on_attempt(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    c->attempt->known = strcmp(reply->element[1]->str, "1") == 0;
    c->attempt->failures = (unsigned)strtoul(reply->element[2]->str, NULL, 10);
    if (read_person_ids(c, reply->element[0]->str))
        store_person(c, on_person, on_firm);
    else
        limit_delay(c, verify);
}

static void look(struct call *c)
{
    store_attempt(c, "look", on_attempt, c);
}

void handle_sign_in(struct call *c)
{
    static const char *const members[] = {"email", "password", "code", NULL};
    const char *email, *password, *code;
    if (json_unknown_member(c->body, members) || json_field(c->body, "email", EMAIL_MAX, &email) != 0 ||
        json_field(c->body, "password", PASSWORD_MAX, &password) != 0 || json_field(c->body, "code", 40, &code) != 0 ||
        !email || !password) {
        call_refuse(c, "invalid_request", "email and password are needed, and code when there is a second factor.");
        return;
    }
    snprintf(attempt_of(c)->email, sizeof c->attempt->email, "%s", email);
    limit_sign_in(c, email, look);
}

/* ---- sign-out ---- */

static void on_signed_out(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    http_add_header(c->request, "Set-Cookie",
                    "beistand_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    http_respond(c->request, 204, NULL, "", 0);
}

void handle_sign_out(struct call *c)
{
    if (!c->who.csrf[0])
        call_refuse(c, "invalid_request", "An API key is revoked, not signed out.");
    else
        sign_in_end(c, c->who.technician, c->who.credential, on_signed_out);
}
