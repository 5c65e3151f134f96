/* The directory's door (directory.h). The state afterwards is sealed before the transition runs, because only the
 * gateway has the key; so the transition takes it only for the version it was made from. */
#include "directory.h"

#include "common/log.h"
#include "common/random.h"
#include "common/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 10, PLACE_MAX = 128, IDEMPOTENCY_MAX = 200 };

void change_drop(struct change *ch)
{
    json_decref(ch->set);
    json_decref(ch->rules);
    json_decref(ch->actor);
    json_decref(ch->record);
    free(ch);
}

struct change *change_new(struct call *c, const char *verb, const char *kind, const char *company, const char *id,
                          const char *name)
{
    struct change *ch = calloc(1, sizeof *ch);
    if (!ch)
        abort();
    *ch = (struct change){.call = c, .verb = verb, .kind = kind, .bucket = bucket_of_id(company), .set = json_object(),
                          .rules = json_object(), .actor = actor_of(c)};
    snprintf(ch->company, sizeof ch->company, "%s", company);
    snprintf(ch->id, sizeof ch->id, "%s", id);
    snprintf(ch->name, sizeof ch->name, "%s", name ? name : id);
    return ch;
}

void change_set(struct change *ch, const char *field, const char *value)
{
    json_object_set_new(ch->set, field, value ? json_string(value) : json_null());
}

void change_password(struct change *ch, const char *encoded)
{
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)wall_now_ms());
    change_set(ch, "password", encoded);
    change_set(ch, "password_at", now);
}

json_t *actor_of(const struct call *c)
{
    char address[ADDRESS_SIZE];
    const struct principal *p = &c->who;
    json_t *actor = p->is_operator ? json_pack("{ss ss}", "type", "operator", "id", "operator")
                                   : json_pack("{ss ss}", "type", "technician", "id", p->technician);
    call_address(c, address);
    if (address[0])
        json_object_set_new(actor, "address", json_string(address));
    if (p->person)
        json_object_set_new(actor, "name", json_string(json_text(p->person, "name", "")));
    return actor;
}

bool one_line(const char *text, size_t max)
{
    return text && *text && strlen(text) <= max && !strpbrk(text, "\n\t\r");
}

/* ---- Idempotency-Key ---- */

bool change_idempotent(struct change *ch, const char *owner)
{
    struct call *c = ch->call;
    const char *key = http_header(c->request, "Idempotency-Key");
    char random[33], key_digest[DIGEST_SIZE], body_digest[DIGEST_SIZE], scoped[IDEMPOTENCY_MAX + 64];
    size_t n = key ? strlen(key) : 0;
    if (key && (n < 8 || n > IDEMPOTENCY_MAX)) {
        change_drop(ch);
        call_refuse(c, "invalid_request", "An Idempotency-Key has 8 to 200 characters.");
        return false;
    }
    random_hex(random, 16);
    /* One key may stand for one request of each kind and person: sessions have theirs elsewhere. */
    snprintf(scoped, sizeof scoped, "%s:%s:%s", ch->kind, c->who.technician, key ? key : random);
    sha256_hex(key_digest, scoped, strlen(scoped));
    char *body = json_canonical(c->body);
    sha256_hex(body_digest, body ? body : "", body ? strlen(body) : 0);
    free(body);
    snprintf(ch->kid, sizeof ch->kid, "%s", secret_keys_current(c->gateway->keys));
    json_object_set_new(ch->rules, "idempotency",
                        json_pack("{ss ss ss ss}", "owner", owner, "key", key_digest, "digest", body_digest, "kid",
                                  ch->kid));
    snprintf(ch->secret_name, sizeof ch->secret_name, "%s", key_digest);
    return true;
}

/* ---- If-Match ---- */

static void version_tag(char out[40], const json_t *record)
{
    snprintf(out, 40, "\"%.30s\"", json_text(record, "version", "0"));
}

const char *if_match_fails(const struct call *c, const json_t *record)
{
    const char *wanted = http_header(c->request, "If-Match");
    char tag[40];
    version_tag(tag, record);
    return !wanted || strcmp(wanted, "*") == 0 || strcmp(wanted, tag) == 0 ? NULL : "precondition_failed";
}

void add_etag(struct http_request *r, const json_t *record)
{
    char tag[40];
    version_tag(tag, record);
    http_add_header(r, "ETag", tag);
}

/* ---- the change ---- */

static void finish(struct change *ch, const char *outcome)
{
    ch->done(ch, outcome);
    change_drop(ch);
}

static unsigned long version_of(const json_t *record)
{
    return strtoul(json_text(record, "version", "0"), NULL, 10);
}

/* The record as it will be. New. */
static json_t *state_after(const struct change *ch)
{
    json_t *state = ch->record ? json_copy(ch->record) : json_object();
    const char *name;
    json_t *value;
    char version[24];
    json_object_foreach(ch->set, name, value) {
        if (json_is_null(value))
            json_object_del(state, name);
        else
            json_object_set(state, name, value);
    }
    snprintf(version, sizeof version, "%lu", version_of(ch->record) + 1);
    json_object_set_new(state, "version", json_string(version));
    return state;
}

/* malloc'ed; "" when nothing is left of it. */
static char *seal_state(const struct change *ch, const json_t *state)
{
    char place[PLACE_MAX];
    if (strcmp(ch->verb, "remove") == 0)
        return strdup("");
    snprintf(place, sizeof place, "directory:%s:%s", ch->kind, ch->id);
    json_t *whole = json_pack("{ss ss ss ss sO}", "kind", ch->kind, "id", ch->id, "name", ch->name, "company",
                              ch->company, "fields", state);
    char *text = json_compact(whole);
    char *sealed = text ? seal_text(ch->call->gateway->seal_keys, place, text) : NULL;
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    json_decref(whole);
    return sealed;
}

static char *make_wish(const struct change *ch)
{
    json_t *wish = json_pack("{ss ss ss ss ss sO ss sO}", "verb", ch->verb, "kind", ch->kind, "id", ch->id, "name", ch->name,
                             "company", ch->company, "actor", ch->actor, "expected",
                             ch->record ? json_text(ch->record, "version", "0") : "", "set", ch->set);
    json_object_update(wish, ch->rules);
    char *text = json_compact(wish);
    json_decref(wish);
    return text;
}

static const char *reply_text(const redisReply *reply, size_t i)
{
    return i < reply->elements && reply->element[i]->type == REDIS_REPLY_STRING ? reply->element[i]->str : "";
}

static void read_record(struct change *ch);

static void on_changed(void *user, const redisReply *reply)
{
    struct change *ch = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        finish(ch, "unavailable");
        return;
    }
    const char *outcome = reply_text(reply, 0);
    if (strcmp(outcome, "again") == 0) {
        if (ch->tries++ < TRIES_MAX)
            read_record(ch);
        else
            finish(ch, "unavailable");
        return;
    }
    if (strcmp(outcome, "repeated") == 0) {
        snprintf(ch->id, sizeof ch->id, "%s", reply_text(reply, 1));
        snprintf(ch->kid, sizeof ch->kid, "%s", reply_text(reply, 2));
    } else if (strcmp(outcome, "done") == 0) {
        json_t *state = state_after(ch);
        json_decref(ch->record);
        ch->record = state;
        log_event(LOG_INFO, "directory_changed", "kind", ch->kind, "verb", ch->verb, "id", ch->id, "version",
                  reply_text(reply, 1), "request", ch->call->request->id, NULL);
    }
    finish(ch, outcome);
}

static void on_read(void *user, const redisReply *reply)
{
    struct change *ch = user;
    json_decref(ch->record);
    ch->record = hash_object(reply);
    if (!reply) {
        finish(ch, "unavailable");
        return;
    }
    const char *reason = ch->plan ? ch->plan(ch) : NULL;
    if (reason) {
        finish(ch, reason);
        return;
    }
    json_t *state = state_after(ch);
    char *sealed = seal_state(ch, state), *wish = make_wish(ch);
    json_decref(state);
    if (sealed && wish)
        store_change(ch, wish, sealed, on_changed);
    else
        finish(ch, "unavailable");
    free(sealed);
    free(wish);
}

static void read_record(struct change *ch)
{
    store_entity(ch->call->gateway, ch->bucket, ch->kind, ch->name, on_read, ch);
}

void change_run(struct change *ch)
{
    read_record(ch);
}
