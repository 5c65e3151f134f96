/* GET /v1/sign-ins, DELETE /v1/sign-ins/{id}: where somebody is signed in, and the end of it. Administrators see and end
 * those of their company. */
#include "sign_in.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

struct sign_in_read {
    struct call *call;
    size_t at;
    char expires_at[24];
};

static void finish(struct call *c)
{
    json_t *list = json_array();
    const json_t *slots = json_object_get(c->parts, "slots");
    for (size_t i = 0; i < json_array_size(slots); i++)
        if (json_is_object(json_array_get(slots, i)))
            json_array_append(list, json_array_get(slots, i));
    respond_json(c->request, 200, json_pack("{so}", "sign_ins", list));
}

static json_t *sign_in_view(const struct call *c, const json_t *record, const char *expires_at)
{
    const char *id = json_text(record, "id", ""), *address = json_text(record, "address", "");
    return json_pack("{ss ss sb so so so ss ss}", "id", id, "technician", json_text(record, "technician", ""), "current",
                     strcmp(id, c->who.credential) == 0, "created_at", time_view(json_text(record, "created_at", "")),
                     "expires_at", time_view(expires_at), "address", *address ? json_string(address) : json_null(),
                     "user_agent", json_text(record, "agent", ""), "method", json_text(record, "method", "password"));
}

static void on_cookie(void *user, const redisReply *reply)
{
    struct sign_in_read *read = user;
    struct call *c = read->call;
    json_t *record = hash_object(reply);
    if (record)
        json_array_set_new(json_object_get(c->parts, "slots"), read->at, sign_in_view(c, record, read->expires_at));
    json_decref(record);
    free(read);
    if (--c->waiting == 0)
        finish(c);
}

static void on_index(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    json_t *slots = json_array();
    c->parts = json_pack("{so}", "slots", slots);
    c->waiting = 1;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *colon = strchr(reply->element[i]->str, ':');
        struct sign_in_read *read = colon ? calloc(1, sizeof *read) : NULL;
        if (!read)
            continue;
        json_array_append_new(slots, json_null());
        *read = (struct sign_in_read){.call = c, .at = json_array_size(slots) - 1};
        snprintf(read->expires_at, sizeof read->expires_at, "%.0f", strtod(reply->element[i + 1]->str, NULL));
        c->waiting++;
        store_entity(c->gateway, c->who.bucket, "cookie", colon + 1, on_cookie, read);
    }
    if (--c->waiting == 0)
        finish(c);
}

static void on_colleague(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (strcmp(json_text(c->record, "company", ""), c->who.company) != 0)
        call_refuse(c, "not_found", NULL);
    else
        store_sign_ins(c, http_query(c->request, "technician"), on_index);
}

void handle_sign_ins(struct call *c)
{
    const char *technician = http_query(c->request, "technician");
    if (!technician || strcmp(technician, c->who.technician) == 0)
        store_sign_ins(c, c->who.technician, on_index);
    else if (bucket_of_id(technician) < 0)
        call_refuse(c, "invalid_request", "technician is an id.");
    else if (!c->who.administrator)
        call_refuse(c, "permission_missing", NULL);
    else if (bucket_of_id(technician) != c->who.bucket)
        call_refuse(c, "not_found", NULL);
    else
        store_entity(c->gateway, c->who.bucket, "technician", technician, on_colleague, c);
}

/* ---- the end of one ---- */

void sign_in_end(struct call *c, const char *technician, const char *id, redis_fn fn)
{
    json_t *wish = json_pack("{ss ss ss so ss}", "verb", "end", "technician", technician, "company", c->who.company, "actor",
                             actor_of(c), "id", id);
    char *text = json_compact(wish);
    json_decref(wish);
    store_sign_in(c, text ? text : "{}", fn, c);
    free(text);
}

static void on_ended(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_STRING)
        call_refuse(c, "unavailable", NULL);
    else if (strcmp(reply->str, "ended") != 0)
        call_refuse(c, "not_found", NULL);
    else
        http_respond(c->request, 204, NULL, "", 0);
}

static void on_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    const char *technician = json_text(c->record, "technician", "");
    bool ours = strcmp(json_text(c->record, "company", ""), c->who.company) == 0 &&
                (c->who.administrator || strcmp(technician, c->who.technician) == 0);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!ours)
        call_refuse(c, "not_found", NULL);
    else
        sign_in_end(c, technician, c->ids[0], on_ended);
}

static void on_digest(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (reply->type != REDIS_REPLY_STRING)
        call_refuse(c, "not_found", NULL);
    else
        store_entity(c->gateway, c->who.bucket, "cookie", reply->str, on_record, c);
}

void handle_sign_in_end(struct call *c)
{
    if (bucket_of_id(c->ids[0]) == c->who.bucket)
        store_sign_in_digest(c, c->ids[0], on_digest);
    else
        call_refuse(c, "not_found", NULL);
}
