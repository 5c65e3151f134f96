/* The last step of every way to sign in: the cookie (proto/lua/sign_in.lua), and what the audit log hears. */
#include "sign_in.h"

#include "common/log.h"
#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *wish_new(struct call *c, const char *verb)
{
    return json_pack("{ss ss ss so}", "verb", verb, "technician", c->who.technician, "company", c->who.company, "actor",
                     actor_of(c));
}

static void send_wish(struct call *c, json_t *wish, redis_fn fn, void *user)
{
    char *text = json_compact(wish);
    json_decref(wish);
    store_sign_in(c, text ? text : "{}", fn, user);
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void sign_in_refused(struct call *c, const char *reason)
{
    const struct attempt *a = attempt_of(c);
    log_event(LOG_INFO, "sign_in_refused", "request", c->request->id, "technician", c->who.technician, "reason", reason,
              "address", a->address, NULL);
    if (!c->who.technician[0])
        return; /* nobody's: there is no company whose audit log it would be */
    json_t *wish = wish_new(c, "refused");
    json_object_set_new(wish, "reason", json_string(reason));
    json_object_set_new(wish, "method", json_string(a->method));
    send_wish(c, wish, NULL, NULL);
}

static void refuse(struct call *c, const char *reason)
{
    if (c->attempt->refuse) {
        c->attempt->refuse(c, reason);
        return;
    }
    sign_in_refused(c, reason);
    call_refuse(c, reason, strcmp(reason, "second_factor_required") == 0 ? "This code was used already; wait for the next one." : NULL);
}

static void on_started(void *user, const redisReply *reply)
{
    struct call *c = user;
    char header[256];
    if (!reply || reply->type != REDIS_REPLY_STRING) {
        refuse(c, "unavailable");
        return;
    }
    if (strcmp(reply->str, "started") != 0) {
        refuse(c, reply->str);
        return;
    }
    log_event(LOG_INFO, "signed_in", "request", c->request->id, "technician", c->who.technician, "method",
              c->attempt->method, NULL);
    if (c->attempt->email[0])
        store_attempt(c, "succeeded", NULL, NULL);
    snprintf(header, sizeof header, "beistand_session=%s; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Strict",
             c->attempt->cookie, COOKIE_TTL_S);
    http_add_header(c->request, "Set-Cookie", header);
    c->attempt->then(c);
}

void sign_in_start(struct call *c, void (*then)(struct call *c))
{
    struct attempt *a = attempt_of(c);
    char digest[DIGEST_SIZE], address[ADDRESS_SIZE], agent[AGENT_SIZE];
    a->then = then;
    new_secret(a->cookie, c->who.bucket);
    new_secret(c->who.csrf, c->who.bucket);
    new_id(c->who.credential, c->who.bucket);
    sha256_hex(digest, a->cookie, strlen(a->cookie));
    call_address(c, address);
    agent_name(http_header(c->request, "User-Agent"), agent);
    json_t *wish = wish_new(c, "start");
    json_object_update_new(
        wish, json_pack("{ss ss ss ss ss ss sI ss sb}", "id", c->who.credential, "digest", digest, "csrf", c->who.csrf,
                        "method", a->method, "address", address, "agent", agent, "ms", (json_int_t)COOKIE_TTL_S * 1000,
                        "password_at", json_text(c->who.person, "password_at", ""), "recovered", a->recovered));
    if (!a->recovered)
        json_object_del(wish, "recovered");
    if (a->step)
        json_object_set_new(wish, "step", json_integer((json_int_t)a->step));
    send_wish(c, wish, on_started, c);
}
