/* Sign-in by e-mail and password (Argon2id), and sign-out. An unknown address costs the same time as a wrong
 * password. */
#include "directory.h"

#include "common/log.h"
#include "common/random.h"

#include <stdio.h>
#include <string.h>

/* Verified against when there is nobody: made of a random password nobody knows. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$"
                             "Y2FsbG1laXNobWFlbDEyMw$6Gzd6R1dKVhJcVmnUc4L5S8vqnPzCe/9YlB5lAaWgSI";

static void on_cookie_stored(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    char cookie[256];
    snprintf(cookie, sizeof cookie,
             "beistand_session=%s; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Strict", c->text,
             COOKIE_TTL_S);
    http_add_header(c->request, "Set-Cookie", cookie);
    respond_me(c);
}

static void on_verified(void *user, bool ok, const char *encoded)
{
    (void)encoded;
    struct call *c = user;
    bool usable = c->who.person && c->who.firm &&
                  strcmp(json_text(c->who.person, "disabled", "0"), "1") != 0;
    log_event(LOG_INFO, ok && usable ? "signed_in" : "sign_in_refused", "request", c->request->id,
              "technician", c->who.technician, NULL);
    if (!ok || !usable) {
        call_refuse(c, "unauthenticated", "E-mail address or password are not right.");
        return;
    }
    c->who.administrator = strcmp(json_text(c->who.person, "role", ""), "administrator") == 0;
    char cookie[SECRET_SIZE];
    new_secret(cookie, c->who.bucket);
    new_secret(c->who.csrf, c->who.bucket);
    c->text = strdup(cookie);
    store_cookie(c, cookie, on_cookie_stored);
}

static void verify(struct call *c)
{
    const char *encoded = json_text(c->who.person, "password", "");
    if (!passwords_ask(c->gateway->passwords, json_text(c->body, "password", ""),
                       *encoded ? encoded : nobody, on_verified, c))
        call_refuse(c, "rate_limited", "Too many sign-ins at once.");
}

static void on_firm(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.firm = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else
        verify(c);
}

static void on_person(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.person = hash_object(reply);
}

/* text: "tid:cid", perhaps with the time of the claim behind it. */
static bool read_person_ids(struct call *c, const char *text)
{
    if (strlen(text) < 2 * (ID_SIZE - 1) + 1 || text[ID_SIZE - 1] != ':')
        return false;
    memcpy(c->who.technician, text, ID_SIZE - 1);
    memcpy(c->who.company, text + ID_SIZE, ID_SIZE - 1);
    c->who.bucket = bucket_of_id(c->who.technician);
    return c->who.bucket >= 0;
}

static void on_login(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (reply->type == REDIS_REPLY_STRING && read_person_ids(c, reply->str))
        store_person(c, on_person, on_firm);
    else
        verify(c);
}

void handle_sign_in(struct call *c)
{
    static const char *const members[] = {"email", "password", NULL};
    const char *email, *password;
    if (json_unknown_member(c->body, members) || json_field(c->body, "email", 254, &email) != 0 ||
        json_field(c->body, "password", PASSWORD_MAX, &password) != 0 || !email || !password) {
        call_refuse(c, "invalid_request", "email and password are needed.");
        return;
    }
    store_login(c, email, on_login);
}

static void on_forgotten(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply) {
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
        store_forget_cookie(c, on_forgotten);
}
