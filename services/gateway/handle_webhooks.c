/* /v1/webhooks: administrators say where events go. A webhook's secret is shown when it is made or rotated; for a while
 * after a rotation both the new and the one before sign. */
#include "webhooks.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool webhook_asked_for(struct call *c)
{
    if (!c->who.administrator)
        call_refuse(c, "permission_missing", "Webhooks are for administrators.");
    else if (bucket_of_id(c->ids[0]) != c->who.bucket)
        call_refuse(c, "not_found", NULL);
    else
        return true;
    return false;
}

static void respond_webhook(struct call *c, unsigned status, const json_t *record, const json_t *state, const char *secret)
{
    json_t *view = webhook_view(record, state);
    if (secret)
        json_object_set_new(view, "secret", json_string(secret));
    add_etag(c->request, record);
    respond_json(c->request, status, view);
}

/* ---- the list: never more than a few (directory.lua) ---- */

static void finish_list(struct call *c)
{
    json_t *webhooks = json_array(), *ids = json_object_get(c->parts, "ids");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *wid = json_string_value(json_array_get(ids, i));
        const json_t *record = part_of(c, "w", wid);
        if (record)
            json_array_append_new(webhooks, webhook_view(record, part_of(c, "s", wid)));
    }
    respond_json(c->request, 200, json_pack("{so}", "webhooks", webhooks));
}

static void on_index(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    json_t *ids = json_array();
    parts_begin(c, finish_list);
    json_object_set_new(c->parts, "ids", ids);
    for (size_t i = 0; i < reply->elements; i++) {
        const char *colon = strchr(reply->element[i]->str, ':');
        if (!colon)
            continue;
        json_array_append_new(ids, json_string(colon + 1));
        store_entity(c->gateway, c->who.bucket, "webhook", colon + 1, on_part, part_expected(c, "w", colon + 1));
        store_webhook_state(c, colon + 1, on_part, part_expected(c, "s", colon + 1));
    }
    parts_done(c);
}

void handle_webhooks(struct call *c)
{
    if (c->who.administrator)
        store_webhook_index(c, on_index);
    else
        call_refuse(c, "permission_missing", "Webhooks are for administrators.");
}

/* ---- one ---- */

static void on_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
}

static void on_state(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *state = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!c->record || strcmp(json_text(c->record, "company", ""), c->who.company) != 0)
        call_refuse(c, "not_found", NULL);
    else
        respond_webhook(c, 200, c->record, state, NULL);
    json_decref(state);
}

static void read_webhook(struct call *c, const char *wid)
{
    store_entity(c->gateway, c->who.bucket, "webhook", wid, on_record, c);
    store_webhook_state(c, wid, on_state, c);
}

void handle_webhook(struct call *c)
{
    if (webhook_asked_for(c))
        read_webhook(c, c->ids[0]);
}

/* ---- what a body says ---- */

/* NULL, or what is wrong. */
static const char *set_fields(struct change *ch, bool all)
{
    static const char *const members[] = {"url", "types", "description", "enabled", NULL};
    const struct call *c = ch->call;
    const struct gateway_settings *s = &c->gateway->settings;
    const json_t *enabled = json_object_get(c->body, "enabled"), *types = json_object_get(c->body, "types");
    const char *url, *description, *wrong;
    if (json_unknown_member(c->body, members))
        return "There is an unknown member.";
    if (json_field(c->body, "url", WEBHOOK_URL_MAX, &url) != 0 || (all && !url))
        return "url is an https address of at most 2000 characters without blanks.";
    if (url && (wrong = webhook_url_wrong(url, s->webhook_allow_http != 0, s->webhook_allow_private != 0)))
        return wrong;
    if (json_field(c->body, "description", WEBHOOK_TEXT_MAX, &description) != 0 || (description && strpbrk(description, "\n\t")))
        return "description is one line of text of at most 200 bytes.";
    if (enabled && !json_is_boolean(enabled))
        return "enabled is true or false.";
    char *list = types ? webhook_types_text(types) : NULL;
    if (!list && (types || all))
        return "types is a list of 1 to 20 types like session.ended, session.* or *.";
    if (url)
        change_set(ch, "url", url);
    if (list)
        change_set(ch, "types", list);
    if (description)
        change_set(ch, "description", description);
    if (enabled || all)
        change_set(ch, "enabled", enabled && json_is_false(enabled) ? "0" : "1");
    free(list);
    return NULL;
}

/* ---- a new one ---- */

static bool set_secret(struct change *ch, char secret[WEBHOOK_SECRET_SIZE])
{
    char now[MS_SIZE];
    char *sealed = webhook_secret_new(ch->call, ch->id, secret);
    if (sealed) {
        change_set(ch, "secret", sealed);
        change_set(ch, "secret_at", ms_text(now, wall_now_ms()));
    }
    free(sealed);
    return sealed != NULL;
}

static void respond_created(struct call *c, const char *wid, const json_t *record)
{
    char secret[WEBHOOK_SECRET_SIZE], location[64];
    if (!record || !webhook_secret_open(c, wid, record, secret)) {
        call_refuse(c, record ? "unavailable" : "not_found", record ? NULL : "It was made, and removed since.");
        return;
    }
    snprintf(location, sizeof location, "/v1/webhooks/%s", wid);
    http_add_header(c->request, "Location", location);
    respond_webhook(c, 201, record, NULL, secret);
    OPENSSL_cleanse(secret, sizeof secret);
}

static void on_repeated(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (reply)
        respond_created(c, c->ids[0], c->record);
    else
        call_refuse(c, "unavailable", NULL);
}

static void on_created(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0) {
        respond_created(c, ch->id, ch->record);
    } else if (strcmp(outcome, "repeated") == 0) {
        snprintf(c->ids[0], sizeof c->ids[0], "%s", ch->id);
        store_entity(c->gateway, ch->bucket, "webhook", ch->id, on_repeated, c);
    } else {
        call_refuse(c, outcome, strcmp(outcome, "rate_limited") == 0 ? "There are 20 webhooks already." : NULL);
    }
}

void handle_webhook_create(struct call *c)
{
    char id[ID_SIZE], secret[WEBHOOK_SECRET_SIZE], now[MS_SIZE];
    if (!c->who.administrator) {
        call_refuse(c, "permission_missing", "Webhooks are for administrators.");
        return;
    }
    new_id(id, c->who.bucket);
    struct change *ch = change_new(c, "create", "webhook", c->who.company, id, NULL);
    const char *wrong = set_fields(ch, true);
    if (wrong || !set_secret(ch, secret)) {
        change_drop(ch);
        call_refuse(c, wrong ? "invalid_request" : "unavailable", wrong);
        return;
    }
    OPENSSL_cleanse(secret, sizeof secret);
    change_set(ch, "id", id);
    change_set(ch, "company", c->who.company);
    change_set(ch, "created_at", ms_text(now, wall_now_ms()));
    change_set(ch, "created_by", c->who.technician);
    if (!change_idempotent(ch, c->who.company))
        return;
    ch->done = on_created;
    change_run(ch);
}

/* ---- change, removal, a new secret ---- */

static const char *plan_existing(struct change *ch)
{
    if (!ch->record || strcmp(json_text(ch->record, "company", ""), ch->company) != 0)
        return "not_found";
    return if_match_fails(ch->call, ch->record);
}

static void on_changed(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0)
        read_webhook(c, ch->id);
    else
        call_refuse(c, outcome, NULL);
}

void handle_webhook_change(struct call *c)
{
    if (!webhook_asked_for(c))
        return;
    struct change *ch = change_new(c, "update", "webhook", c->who.company, c->ids[0], NULL);
    const char *wrong = set_fields(ch, false);
    if (wrong) {
        change_drop(ch);
        call_refuse(c, "invalid_request", wrong);
        return;
    }
    ch->plan = plan_existing;
    ch->done = on_changed;
    change_run(ch);
}

static void on_removed(struct change *ch, const char *outcome)
{
    if (strcmp(outcome, "done") == 0)
        http_respond(ch->call->request, 204, NULL, "", 0);
    else
        call_refuse(ch->call, outcome, NULL);
}

void handle_webhook_remove(struct call *c)
{
    if (!webhook_asked_for(c))
        return;
    struct change *ch = change_new(c, "remove", "webhook", c->who.company, c->ids[0], NULL);
    ch->plan = plan_existing;
    ch->done = on_removed;
    change_run(ch);
}

/* The secret of now becomes the one before; runs again when somebody was faster. */
static const char *plan_rotation(struct change *ch)
{
    char until[MS_SIZE], secret[WEBHOOK_SECRET_SIZE];
    const char *reason = plan_existing(ch);
    if (reason)
        return reason;
    change_set(ch, "previous", json_text(ch->record, "secret", ""));
    change_set(ch, "previous_until", ms_text(until, wall_now_ms() + ch->call->gateway->settings.webhook_overlap_ms));
    bool good = set_secret(ch, secret);
    OPENSSL_cleanse(secret, sizeof secret);
    return good ? NULL : "unavailable";
}

static void on_rotated(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    char secret[WEBHOOK_SECRET_SIZE];
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, NULL);
    } else if (!webhook_secret_open(c, ch->id, ch->record, secret)) {
        call_refuse(c, "unavailable", NULL);
    } else {
        respond_webhook(c, 200, ch->record, NULL, secret);
        OPENSSL_cleanse(secret, sizeof secret);
    }
}

void handle_webhook_rotate(struct call *c)
{
    if (!webhook_asked_for(c))
        return;
    struct change *ch = change_new(c, "update", "webhook", c->who.company, c->ids[0], NULL);
    ch->plan = plan_rotation;
    ch->done = on_rotated;
    change_run(ch);
}
