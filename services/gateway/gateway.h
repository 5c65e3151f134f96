/* The gateway: console, public API, install page. It authenticates, asks (commands, transitions) and answers;
 * it decides nothing about sessions itself. */
#ifndef BEISTAND_GATEWAY_H
#define BEISTAND_GATEWAY_H

#include "common/derive.h"
#include "common/http.h"
#include "common/json.h"
#include "common/json_write.h"
#include "common/kafka.h"
#include "common/redis.h"
#include "common/service.h"
#include "common/settings.h"
#include "generated/reasons.h"

#include <openssl/evp.h>
#include <uthash.h>

enum { COOKIE_TTL_S = 12 * 3600, TICKET_TTL_S = 60, BODY_MAX = 65536, PAGE_MAX = 100, STREAMS_MAX = 1000,
       SCOPES_SIZE = 128, SEGMENT_SIZE = 64, ADDRESS_SIZE = 48 };

struct gateway_settings {
    struct common_settings common;
    const char *listen, *origin, *secret_keys, *signing_key_file, *console_dir, *pages_dir, *program_file;
    const char *directory_key, *operator_key;
    int64_t oidc_allow_private, api_rate;
    int64_t session_ms, invitation_ms, removal_ms, command_timeout_ms, heartbeat_ms;
    int64_t webhook_allow_http, webhook_allow_private, webhook_overlap_ms;
};

struct gateway {
    struct service service;
    struct gateway_settings settings;
    struct http_server *http;
    struct redis *redis;
    struct redis *notices; /* subscribed to beistand.changed */
    struct kafka *kafka;
    struct secret_keys *keys;
    EVP_PKEY *signing_key; /* Ed25519 */
    struct seal_keys *seal_keys; /* of the directory's secrets and its sealed topic */
    struct passwords *passwords;
    struct fetcher *fetcher;
    struct waiter *waiters; /* uthash by command id */
    struct stream *streams; /* list; events.h */
    size_t n_streams;
    int64_t beaten; /* loop time of the last heartbeat */
    const struct page *pages;
};

/* Who asks. Everything is text of the directory's hashes. */
struct principal {
    char company[ID_SIZE], technician[ID_SIZE];
    char key[96]; /* Redis key of the API key or cookie */
    char csrf[SECRET_SIZE]; /* "" for API keys */
    char credential[ID_SIZE]; /* id of the API key or of the sign-in, "" when it has none */
    char scopes[SCOPES_SIZE]; /* of an API key; "all" for a sign-in */
    int64_t until; /* end of the API key, 0: none */
    json_t *person, *firm; /* directory hashes as objects of strings */
    bool administrator, is_operator;
    bool lost; /* Redis, while person and company were being read */
    int bucket;
};

/* One API request in work; http_request.user. Freed when the request ends. */
struct call {
    struct gateway *gateway;
    struct http_request *request;
    const struct route *route;
    struct principal who;
    json_t *body;           /* of POST, else NULL */
    char ids[2][SEGMENT_SIZE]; /* path segments of the pattern's '*' */
    char session[ID_SIZE];  /* the first of them when it has an id's length, else "" */
    json_t *record;         /* the session of the path once loaded */
    json_t *parts;          /* handler's intermediate results */
    size_t waiting;         /* replies still to come (list.c, handle_sessions.c) */
    const char *refusal;    /* of the end, NULL: none */
    void (*gathered)(struct call *c);
    char since[24];         /* the session's presence, "" without one */
    unsigned limit;         /* of a list */
    const struct listing *listing; /* of the directory (directory.h) */
    bool adhoc;             /* the computer of the path is the one of an active session */
    void (*then)(struct call *c);
    int64_t now;            /* of the bucket (bucket_clock.c) */
    char command[ID_SIZE];
    char *text;
    struct attempt *attempt; /* to sign in (sign_in.h) */
    struct oidc_flow *oidc;  /* (oidc.h) */
    struct change *change; /* of the directory, while something must happen before it */
};

enum access { ACCESS_PUBLIC, ACCESS_MEMBER, ACCESS_OPERATOR };

struct route {
    const char *method;
    const char *pattern; /* up to two "*", each stands for one path segment */
    enum access access;
    bool has_body;
    void (*handle)(struct call *c);
};

/* route.c */
void route_request(void *user, struct http_request *r);
void route_too_large(void *user, struct http_request *r);
void call_refuse(struct call *c, const char *reason, const char *detail);
/* What follows a successful authenticate(). */
void call_authenticated(struct call *c);
/* Where the request came from, as our edge says (X-Forwarded-For); "" when nobody says. */
void call_address(const struct call *c, char out[ADDRESS_SIZE]);
/* Adds the headers every page of the console and the install page carries. */
void add_security_headers(struct http_request *r);

/* auth.c: fills c->who, then calls c->route->handle, or refuses. */
void authenticate(struct call *c);
bool has_permission(const struct principal *p, const char *name);
/* Bearer OPERATOR_KEY; without such a setting nobody is the operator. */
void authenticate_operator(struct call *c);

/* scopes.c: what an API key may do (pure). */
/* Is text a list of "all" or of names of scopes, each also as "name:read"? */
bool scopes_known(const char *text);
/* Does a key with these scopes reach the route? A route that no scope names needs "all". */
bool scopes_allow(const char *scopes, const char *method, const char *pattern);
/* Is everything that inner allows allowed by outer too? */
bool scopes_within(const char *inner, const char *outer);

/* handle_*.c */
void handle_sign_in(struct call *c);
void handle_sign_out(struct call *c);
void handle_account_activate(struct call *c);
void handle_me(struct call *c);
void handle_create(struct call *c);
void handle_reinvite(struct call *c);
void handle_list(struct call *c);
void handle_get(struct call *c);
void handle_end(struct call *c);
void handle_ticket(struct call *c);
void handle_events(struct call *c);
void handle_audit(struct call *c);
void handle_audit_export(struct call *c);
void handle_report(struct call *c);
void handle_webhooks(struct call *c);
void handle_webhook_create(struct call *c);
void handle_webhook(struct call *c);
void handle_webhook_change(struct call *c);
void handle_webhook_remove(struct call *c);
void handle_webhook_rotate(struct call *c);
void handle_ping(struct call *c);
void handle_deliveries(struct call *c);
void handle_redeliver(struct call *c);
void handle_install_page(struct call *c);
void handle_download(struct call *c);
void handle_static(struct call *c);
void handle_openapi(struct call *c);
void handle_help(struct call *c);

void handle_hand_over(struct call *c);
void handle_computers(struct call *c);
void handle_computer(struct call *c);
void handle_computer_add(struct call *c);
void handle_computer_import(struct call *c);
void handle_computer_change(struct call *c);
void handle_computer_remove(struct call *c);

/* list.c. ?limit into c->limit; false: it is none of 1 to PAGE_MAX. */
bool read_limit(struct call *c);
/* Replies that come in parts: parts_begin(), then each is asked with on_part() and part_expected() as its user, then
 * parts_done(). done(c) runs when all are in c->parts (a hash as an object, a number as a number; what is not there is not
 * in it); when one was lost, unavailable is answered instead. */
void parts_begin(struct call *c, void (*done)(struct call *c));
/* The part's name is prefix and id together. Lives until its reply. */
struct part *part_expected(struct call *c, const char *prefix, const char *id);
void on_part(void *user, const redisReply *reply);
const json_t *part_of(const struct call *c, const char *prefix, const char *id);
/* For a reply of another form, counted in c->waiting by whoever asks: it is lost; it has been taken. */
void parts_lose(struct call *c);
void parts_done(struct call *c);

/* handle_computers.c: c->session of the path as a managed computer (c->record) or as the computer of an active session
 * that may be seen (c->adhoc; c->record is the session, c->parts "view" its view); refuses not_found. */
enum { COMPUTER_NAME_MAX = 120, COMPUTER_NOTE_MAX = 500 };
void with_computer(struct call *c, void (*then)(struct call *c));
json_t *computer_view(const json_t *record);
json_t *adhoc_view(const json_t *record, const json_t *presence, bool in_use);
/* With its ETag; lets view go. */
void respond_computer(struct call *c, unsigned status, json_t *view);
/* Reads c->session again and answers with it: 200, or 202 to what is not GET. */
void respond_session_again(struct call *c);
/* Ends c->session and answers 202 with it; refuses not_found for what c->who does not see. */
void end_session_as(struct call *c, const char *reason);

/* Loads c->record for c->session; refuses not_found for other companies' and other people's sessions. */
void with_session(struct call *c, void (*then)(struct call *c));
bool may_see(const struct principal *p, const json_t *record);
void respond_me(struct call *c);

/* grant.c (pure) */
bool grant_known(const char *feature);
/* NULL, or the reason: plan_excludes_feature before permission_missing. */
const char *grant_refuses(const struct principal *p, const char *feature);
/* {features, withheld, view_only, dashboard_read_only}: the part of the claims that says what is allowed. withheld: what
 * the plan has and the technician's permission lacks. New. */
json_t *grant_claims(const struct principal *p);

/* The fields of a session's record that its public shape (and who may see it) is made of. */
#define SESSION_FIELDS(X) \
    X(id) X(company) X(technician) X(technician_name) X(state) X(paired) X(reason) X(customer_email) X(customer_name) \
    X(language) X(note) X(created_at) X(invitation_expires_at) X(activated_at) X(expires_at) X(ended_at) X(mail_state) \
    X(mail_sent_at) X(mail_retry_at) X(mail_tries) X(machine) X(checks) X(check_times) X(attempts) X(generation) X(kid) \
    X(removal) X(removed_at) X(epoch) X(version) X(last_online) X(last_state) X(setup_reason) X(setup_detail) \
    X(code_reason) X(code_at)
/* Each "" when it is absent. Borrowed. */
struct session_record {
#define X(name) const char *name;
    SESSION_FIELDS(X)
#undef X
};

/* view.c: the public shape of a session. record: object of strings; presence: the same or NULL. New. */
json_t *session_view(const struct gateway *g, const json_t *record, const json_t *presence);
/* The same as text, to be free()d (NULL without memory). since: of the presence, "" without one; code_prefix: NULL, or the
 * code's first digits, told once. */
char *session_text(const struct gateway *g, const struct session_record *r, const char *since, const char *code_prefix);
/* RFC 3339 UTC with milliseconds; of milliseconds, or their text. JSON null when there are none. */
json_t *time_view(const char *ms);
json_t *ms_view(int64_t ms);
/* A member of that kind. */
void time_member(struct json_out *o, const char *name, const char *ms);
/* Milliseconds as fields of Redis have them. Returns out. */
enum { MS_SIZE = 24 };
const char *ms_text(char out[MS_SIZE], int64_t ms);
/* checklist.c: [{step, state pending|ok|failed|skipped, at, reason}]. checks: the record's, as an object. */
void checklist_write(struct json_out *o, const struct session_record *r, const json_t *checks);
/* Names the session that a technician has open already, and what can be done about it (S-20); record: of the
 * refusal. NULL when there is none. New. */
json_t *open_session_view(const json_t *record);
/* 201 with the session, Location and the code's first digits. */
void respond_invitation(struct call *c, const json_t *record);

/* waiters.c: requests that wait for the outcome of a command. */
void waiter_add(struct call *c);
bool waiter_waits(struct gateway *g, const char *command);
void waiters_outcome(struct gateway *g, const json_t *event);

/* events.c: open event streams. */
void events_start(struct gateway *g);
void events_stop(struct gateway *g);
/* Ends the streams of a sign-in, API key, person or company; all of them when id is NULL. */
void events_revoked(struct gateway *g, const char *id);

/* revocation.c: what ends credentials ends what they have open. */
void revocation_start(struct gateway *g);
void revocation_stop(void);

/* bucket_clock.c: then(c) once c->now is the time of c->who.bucket in ms, or unavailable is answered. */
void bucket_now(struct call *c, void (*then)(struct call *c));

/* bus.c: the only file that names topics. */
struct kafka *bus_new(struct gateway *g);
/* Takes the command's JSON (let go). 0, or -1 when the queue is full. */
int bus_command(struct gateway *g, json_t *command);

/* passwords.c: Argon2id in a thread of its own; done() runs on the loop thread. Nobody waits for more than a few of
 * anybody else's: who (an address) has at most two in the queue, and those it knows (first) go first. */
struct passwords;
typedef void (*password_fn)(void *user, bool ok, const char *encoded);
struct passwords *passwords_new(struct loop *l);
void passwords_free(struct passwords *p);
/* encoded NULL: makes one of password; else verifies. false: too many are waiting, done() is not called. */
bool passwords_ask(struct passwords *p, const char *who, bool first, const char *password, const char *encoded,
                   password_fn done, void *user);

/* handle_pages.c: of a page: ?lang, else tag (may be NULL), else the browser's. */
enum language language_asked(const struct call *c, const char *tag);
/* Files of the install page, read at start. */
const struct page *pages_load(const char *dir);

/* known.c: directory hashes that this gateway has read, kept true by Redis' own notices. hash: an object of strings, NULL
 * when there is none or Redis is lost (lost tells which); keep it with json_incref, change it never. */
typedef void (*known_fn)(void *user, json_t *hash, bool lost);
void known_hash(struct gateway *g, const char *key, known_fn fn, void *user);
void known_start(struct gateway *g);
void known_stop(void);

/* store.c, and store_*.c: the only files that speak Redis. Replies come as redis_fn with the call as user. */
void store_credential(struct call *c, const char *kind, const char *secret, redis_fn fn);
void store_known_key(struct call *c, const char *secret, known_fn fn);
void store_person(struct call *c, redis_fn person, redis_fn firm);
void store_known_person(struct call *c, known_fn person, known_fn firm);
/* A hash; tracked: Redis will tell of its next change. */
void store_hash(struct gateway *g, const char *key, bool tracked, redis_fn fn, void *user);
void store_track(struct gateway *g, redis_fn fn, void *user);
void store_beat(struct gateway *g, const char *text);
void store_subscribe_known(struct gateway *g, redis_fn changed, redis_fn beat);
void store_session(struct gateway *g, const char *sid, redis_fn fn, void *user);
void store_presence(struct gateway *g, const char *sid, redis_fn fn, void *user);
/* In one round trip: since when the program is online (text or nil), then the record's fields in their order (an array). */
void store_shown(struct call *c, redis_fn since, redis_fn fields);
/* The time of the caller's bucket: its high-water mark, then Redis' TIME. */
void store_now(struct call *c, redis_fn mark, redis_fn time);
void store_open_sessions(struct call *c, redis_fn fn);
void store_session_page(struct call *c, const char *before, unsigned limit, redis_fn fn);
void store_end(struct call *c, const char *reason, const char *actor, redis_fn fn);
void store_hand_over(struct call *c, const char *technician, const char *actor, redis_fn fn);
void store_ticket(struct call *c, const char *ticket, const char *json, redis_fn fn);
void store_subscribe(struct gateway *g, redis_fn fn);
void store_open_feed(struct call *c, const char *epoch, const char *place, redis_fn fn);
/* The bucket's epoch, then at most count entries behind place. */
void store_feed(struct gateway *g, const char *company, const char *place, const char *count, redis_fn epoch,
                redis_fn entries, void *user);

/* store_computers.c. command is let go. */
void store_computer_command(struct call *c, json_t *command, redis_fn fn);
void store_computer_groups(struct call *c, redis_fn fn);
void store_computer(struct gateway *g, const char *id, redis_fn fn, void *user);
/* first, last: bounds as ZRANGEBYLEX has them. */
void store_computer_page(struct call *c, const char *first, const char *last, unsigned limit, redis_fn fn);
/* How many viewers are connected now. */
void store_viewers(struct gateway *g, const char *sid, redis_fn fn, void *user);

#endif
