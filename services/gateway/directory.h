/* Companies, people and API keys: one door for every change (proto/lua/directory.lua), one shape for reading. */
#ifndef BEISTAND_GATEWAY_DIRECTORY_H
#define BEISTAND_GATEWAY_DIRECTORY_H

#include "email.h"
#include "gateway.h"

enum { NAME_BYTES_MAX = 200, PASSWORD_MIN = 12, PASSWORD_MAX = 256, LINK_TTL_S = 3 * 24 * 3600,
       DIGEST_SIZE = 65 };

/* One change: the hash is read, plan() says what shall be set, the state afterwards is sealed, and the transition
 * runs for the version that was read; when somebody was faster all of it is done again. */
struct change {
    struct call *call;
    const char *verb;      /* create, update, remove */
    const char *kind;      /* company, technician, key */
    char name[DIGEST_SIZE]; /* last part of the Redis key */
    char id[ID_SIZE], company[ID_SIZE];
    int bucket;
    unsigned tries;
    json_t *set;           /* object of strings; null removes a field */
    json_t *rules;         /* further members of the transition's argument: link, idempotency, except */
    json_t *actor;
    json_t *record;        /* as read; once done: as it is now. NULL when there was none */
    /* Says why not (a reason), or NULL after filling set from record. Runs again with each try. May be NULL. */
    const char *(*plan)(struct change *ch);
    /* outcome: "done", "repeated" (ch->id and ch->kid are those of then) or a reason. ch lives until this returns. */
    void (*done)(struct change *ch, const char *outcome);
    char kid[20];
    char secret_name[DIGEST_SIZE]; /* name that secrets of an idempotent change are derived from */
};

/* directory.c. name NULL: the id. */
struct change *change_new(struct call *c, const char *verb, const char *kind, const char *company, const char *id,
                          const char *name);
void change_set(struct change *ch, const char *field, const char *value); /* value NULL removes */
/* A new password, and when: sign-ins that were checked against an older one do not come to be. */
void change_password(struct change *ch, const char *encoded);
/* Reads the Idempotency-Key header (optional) and ties the change to it. false after a refusal. */
bool change_idempotent(struct change *ch, const char *owner);
/* Takes ch. */
void change_run(struct change *ch);
/* Lets go of one that will not be run. */
void change_drop(struct change *ch);
/* NULL, or precondition_failed when the request's If-Match does not name this version. */
const char *if_match_fails(const struct call *c, const json_t *record);
void add_etag(struct http_request *r, const json_t *record);
/* Who does it, for events. New; malloc'ed. */
json_t *actor_of(const struct call *c);
char *actor_text(const struct call *c);
/* Is it text of 1 to max bytes in one line? text may be NULL. */
bool one_line(const char *text, size_t max);

/* directory_view.c: public shapes. New. */
json_t *company_view(const struct call *c, const char *id, const json_t *record);
json_t *technician_view(const char *id, const json_t *record);
json_t *key_view(const json_t *record);
/* Open sessions at once: the company's own limits, else its plan's. */
json_t *limits_view(const json_t *company);
/* "a,b" as ["a","b"], and back: "" for an empty list, NULL when an item is no string of names. */
json_t *list_view(const char *text);
char *list_text(const json_t *array);

/* directory_list.c: one page of an index, newest first. */
struct listing {
    const char *index;   /* Redis kind of the index: company-technicians … */
    const char *kind;    /* Redis kind of the members' hashes */
    const char *member;  /* name of the array in the answer */
    json_t *(*view)(struct call *c, const char *name, const json_t *record);
};
/* owner: of the index, in c->who.bucket. */
void list_page(struct call *c, const struct listing *l, const char *owner);
/* Reads ?limit and ?cursor of such a list. false after a refusal. */
bool read_page(struct call *c, const char **cursor);

/* login_claim.c: makes the address sign this person in. reason: NULL when it is theirs, else email_taken or
 * unavailable. */
typedef void (*claim_fn)(struct call *c, const char *reason);
void claim_login(struct call *c, const char *technician, const char *company, const char *email, claim_fn done);
void release_login(struct call *c, const char *technician, const char *company, const char *email);

/* handle_company.c: what a body says about a company, into ch->set; false after a refusal. */
bool company_fields(struct change *ch);
void respond_company(struct change *ch, const char *outcome);
const char *plan_company_change(struct change *ch);
/* handle_technicians.c */
void technician_create(struct call *c, const char *company);

/* store_directory.c */
void store_entity(struct gateway *g, int bucket, const char *kind, const char *name, redis_fn fn, void *user);
void store_change(struct change *ch, const char *wish, const char *sealed, redis_fn fn);
void store_index_page(struct gateway *g, int bucket, const char *index, const char *owner, const char *before, unsigned limit,
                      redis_fn fn, void *user);
void store_key_by_id(struct call *c, const char *id, redis_fn fn);
void store_link(struct call *c, const char *digest, redis_fn fn);
/* Of an e-mail address, whatever its case. Returns out. */
enum { LOGIN_KEY_SIZE = 160 };
const char *login_key(char out[LOGIN_KEY_SIZE], const char *email);
/* Claims an e-mail address for value, or takes it over when it is held by stale. Reply: the holder's value. */
void store_claim_login(struct gateway *g, const char *email, const char *value, const char *stale, redis_fn fn, void *user);
void store_release_login(struct gateway *g, const char *email, const char *value);
void store_leases(struct call *c, int bucket, const char *company, redis_fn fn);
void store_end_of(struct call *c, const char *sid, const char *reason, const char *actor, redis_fn fn, void *user);

/* handle_*.c */
void handle_company(struct call *c);
void handle_company_change(struct call *c);
void handle_technicians(struct call *c);
void handle_technician_create(struct call *c);
void handle_technician(struct call *c);
void handle_technician_change(struct call *c);
void handle_technician_remove(struct call *c);
void handle_reset_link(struct call *c);
void handle_keys(struct call *c);
void handle_key_create(struct call *c);
void handle_key_remove(struct call *c);
void handle_companies(struct call *c);
void handle_company_create(struct call *c);
void handle_operator_company(struct call *c);
void handle_operator_company_change(struct call *c);
void handle_suspend(struct call *c);
void handle_resume(struct call *c);
void handle_operator_technician(struct call *c);
void handle_operator_end(struct call *c);

#endif
