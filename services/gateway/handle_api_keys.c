/* /v1/api-keys: everybody makes keys for themselves, with scopes and an end; administrators see and revoke all. A key
 * is shown once. */
#include "directory.h"

#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000, DAYS_MAX = 3650, API_KEY_SIZE = SECRET_SIZE + 3 };

/* ---- the list ---- */

static json_t *listed_key(struct call *c, const char *name, const json_t *record)
{
    (void)c, (void)name;
    return key_view(record);
}

static const struct listing all_keys = {"company-keys", "key", "api_keys", listed_key};
static const struct listing own_keys = {"technician-keys", "key", "api_keys", listed_key};

void handle_keys(struct call *c)
{
    const char *technician = http_query(c->request, "technician");
    if (technician && bucket_of_id(technician) < 0) {
        call_refuse(c, "invalid_request", "technician is an id.");
    } else if (!c->who.administrator && (!technician || strcmp(technician, c->who.technician) == 0)) {
        list_page(c, &own_keys, c->who.technician);
    } else if (!c->who.administrator) {
        call_refuse(c, "permission_missing", NULL);
    } else if (technician && bucket_of_id(technician) != c->who.bucket) {
        call_refuse(c, "not_found", NULL);
    } else if (technician) {
        list_page(c, &own_keys, technician);
    } else {
        list_page(c, &all_keys, c->who.company);
    }
}

/* ---- a new one ---- */

static bool derive_key(const struct call *c, const char *kid, const char *digest, char out[API_KEY_SIZE])
{
    memcpy(out, "bk_", 4);
    return derive_secret(c->gateway->keys, kid, "api-key", c->who.bucket, digest, out + 3) == 0;
}

static void respond_key(struct call *c, const json_t *record, const char *kid, const char *digest)
{
    char key[API_KEY_SIZE], location[64];
    if (!derive_key(c, kid, digest, key)) {
        call_refuse(c, "unavailable", "The secret key of this API key is not loaded here.");
        return;
    }
    json_t *view = key_view(record);
    json_object_set_new(view, "key", json_string(key));
    snprintf(location, sizeof location, "/v1/api-keys/%s", json_text(record, "id", ""));
    http_add_header(c->request, "Location", location);
    respond_json(c->request, 201, view);
    explicit_bzero(key, sizeof key);
}

static void on_repeated(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!record)
        call_refuse(c, "not_found", "It was made, and revoked since.");
    else
        respond_key(c, record, json_text(c->parts, "kid", ""), json_text(c->parts, "digest", ""));
    json_decref(record);
}

static void on_created(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0) {
        respond_key(c, ch->record, ch->kid, ch->secret_name);
    } else if (strcmp(outcome, "repeated") == 0) {
        char key[API_KEY_SIZE], digest[DIGEST_SIZE];
        c->parts = json_pack("{ss ss}", "kid", ch->kid, "digest", ch->secret_name);
        derive_key(c, ch->kid, ch->secret_name, key);
        sha256_hex(digest, key, strlen(key));
        store_entity(c->gateway, ch->bucket, "key", digest, on_repeated, c);
    } else {
        call_refuse(c, outcome, strcmp(outcome, "rate_limited") == 0 ? "There are 50 keys of this person already." : NULL);
    }
}

/* NULL, or what is wrong. *scopes: to be freed. */
static const char *read_key(const struct call *c, const char **name, char **scopes, int64_t *until)
{
    static const char *const members[] = {"name", "scopes", "expires_in_days", NULL};
    const json_t *days = json_object_get(c->body, "expires_in_days");
    *scopes = NULL;
    if (json_unknown_member(c->body, members))
        return "There is an unknown member.";
    if (json_field(c->body, "name", NAME_BYTES_MAX, name) != 0 || !one_line(*name, NAME_BYTES_MAX))
        return "name is one line of text of at most 200 bytes.";
    *scopes = list_text(json_object_get(c->body, "scopes"));
    if (!*scopes || !scopes_known(*scopes))
        return "scopes is a list of all, sessions, computers, company, audit, webhooks, each also with :read.";
    if (days && !json_is_null(days) &&
        (!json_is_integer(days) || json_integer_value(days) < 1 || json_integer_value(days) > DAYS_MAX))
        return "expires_in_days is 1 to 3650, or null for a key without end.";
    *until = json_is_integer(days) ? wall_now_ms() + json_integer_value(days) * (int64_t)DAY_MS : 0;
    return NULL;
}

/* A key that makes keys cannot make one that does more or lives longer. */
static bool exceeds_own(const struct call *c, const char *scopes, int64_t *until)
{
    if (c->who.until > 0 && (*until == 0 || *until > c->who.until))
        *until = c->who.until;
    return !scopes_within(scopes, c->who.scopes);
}

void handle_key_create(struct call *c)
{
    const char *name;
    char *scopes, id[ID_SIZE], key[API_KEY_SIZE], text[MS_SIZE];
    int64_t until;
    const char *wrong = read_key(c, &name, &scopes, &until);
    if (wrong || exceeds_own(c, scopes, &until)) {
        call_refuse(c, wrong ? "invalid_request" : "permission_missing", wrong);
        free(scopes);
        return;
    }
    new_id(id, c->who.bucket);
    struct change *ch = change_new(c, "create", "key", c->who.company, id, NULL);
    change_set(ch, "scopes", scopes);
    free(scopes);
    if (!change_idempotent(ch, c->who.company))
        return;
    derive_key(c, ch->kid, ch->secret_name, key);
    sha256_hex(ch->name, key, strlen(key));
    explicit_bzero(key, sizeof key);
    change_set(ch, "id", id);
    change_set(ch, "company", c->who.company);
    change_set(ch, "technician", c->who.technician);
    change_set(ch, "name", name);
    change_set(ch, "created_at", ms_text(text, wall_now_ms()));
    if (until > 0)
        change_set(ch, "expires_at", ms_text(text, until));
    ch->done = on_created;
    change_run(ch);
}

/* ---- the end of one ---- */

static const char *plan_removal(struct change *ch)
{
    const struct principal *p = &ch->call->who;
    if (!ch->record || strcmp(json_text(ch->record, "company", ""), ch->company) != 0)
        return "not_found";
    /* A colleague's key is no news to those who may not see it. */
    if (!p->administrator && strcmp(json_text(ch->record, "technician", ""), p->technician) != 0)
        return "not_found";
    return NULL;
}

static void on_removed(struct change *ch, const char *outcome)
{
    if (strcmp(outcome, "done") == 0)
        http_respond(ch->call->request, 204, NULL, "", 0);
    else
        call_refuse(ch->call, outcome, NULL);
}

static void on_key_name(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_STRING) {
        call_refuse(c, reply ? "not_found" : "unavailable", NULL);
        return;
    }
    struct change *ch = change_new(c, "remove", "key", c->who.company, c->ids[0], reply->str);
    ch->plan = plan_removal;
    ch->done = on_removed;
    change_run(ch);
}

void handle_key_remove(struct call *c)
{
    if (bucket_of_id(c->ids[0]) == c->who.bucket)
        store_key_by_id(c, c->ids[0], on_key_name);
    else
        call_refuse(c, "not_found", NULL);
}
