/* Activation talks to the program on the customer's PC: reports before the code, the code, reports after it,
 * the removal receipt (proto/channel.md section 5). */
#ifndef BEISTAND_ACTIVATION_H
#define BEISTAND_ACTIVATION_H

#include "common/derive.h"
#include "common/http.h"
#include "common/json.h"
#include "common/redis.h"
#include "common/service.h"
#include "common/settings.h"

enum { BODY_MAX = 16384, KEY_MAX = 200 };

struct activation_settings {
    const char *redis_url, *health_listen, *log_level, *listen, *secret_keys;
};

struct activation {
    struct service service;
    struct activation_settings settings;
    struct http_server *http;
    struct redis *redis;
    struct secret_keys *keys;
};

/* One request in work; http_request.user. */
struct call {
    struct activation *activation;
    struct http_request *request;
    const struct route *route;
    json_t *body;
    json_t *record;
    char session[ID_SIZE];
    int bucket;
    unsigned generation; /* of the link */
    json_t *checks;      /* of a report */
    const char *reason, *detail; /* of a report, "" when none; in body or constant */
    char whose[512];     /* detail: technician and company of an earlier session */
    json_t *earlier;     /* record of the session that this PC says it had before */
    char agent_token[SECRET_SIZE];
    char *machine;
    unsigned tries;      /* of the transition, when the record moved under us */
    void (*then)(struct call *c);
};

struct route {
    const char *method, *prefix, *suffix; /* suffix NULL: the path is the prefix alone */
    bool has_body;
    void (*handle)(struct call *c);
};

/* route.c */
void route_request(void *user, struct http_request *r);
void route_too_large(void *user, struct http_request *r);
void call_refuse(struct call *c, const char *reason, const char *detail);
void respond_empty(struct call *c);

/* link.c: from the body's `token` to the record; refuses when there is no such link. */
void with_link(struct call *c, void (*then)(struct call *c));
/* From the path's session and the Authorization header to the record. */
void with_agent(struct call *c, void (*then)(struct call *c));

/* handle_*.c */
void handle_invitation_report(struct call *c);
void handle_activation(struct call *c);
void handle_session(struct call *c);
void handle_session_report(struct call *c);
void handle_receipt(struct call *c);

/* store.c: the only file that speaks Redis. */
void store_link(struct call *c, const char *token16, redis_fn fn);
void store_record(struct call *c, redis_fn fn);
/* kind: "checks", "set_up", "overcome" or "event" (proto/lua/report.lua); checks, reason, detail are the call's. */
void store_report(struct call *c, bool paired, const char *kind, redis_fn fn);
void store_earlier(struct call *c, const char *session, redis_fn fn);
void store_activate(struct call *c, const char *verdict, redis_fn fn);
void store_end(struct call *c, const char *reason, redis_fn fn);
void store_removed(struct call *c, redis_fn fn);

#endif
