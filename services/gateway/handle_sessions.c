/* Reading sessions, and ending one. */
#include "directory.h"

#include "common/failpoint.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool may_see(const struct principal *p, const json_t *record)
{
    return strcmp(json_text(record, "company", ""), p->company) == 0 &&
           (p->administrator || strcmp(json_text(record, "technician", ""), p->technician) == 0);
}

/* ---- one session ---- */

static void on_session(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!c->record || !may_see(&c->who, c->record))
        call_refuse(c, "not_found", NULL);
    else
        c->then(c);
}

void with_session(struct call *c, void (*then)(struct call *c))
{
    /* Another company's session and one that never was are the same answer. */
    if (bucket_of_id(c->session) != c->who.bucket) {
        call_refuse(c, "not_found", NULL);
        return;
    }
    c->then = then;
    store_session(c->gateway, c->session, on_session, c);
}

static void on_since(void *user, const redisReply *reply)
{
    struct call *c = user;
    bool online = reply && reply->type == REDIS_REPLY_STRING;
    snprintf(c->since, sizeof c->since, "%s", online ? reply->str : "");
}

/* false: there is no such session, or Redis was lost. r is good as long as reply. */
static bool read_fields(struct session_record *r, const redisReply *reply)
{
    size_t i = 0;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != sizeof *r / sizeof(const char *))
        return false;
#define X(name) \
    r->name = reply->element[i]->type == REDIS_REPLY_STRING ? reply->element[i]->str : ""; \
    i++;
    SESSION_FIELDS(X)
#undef X
    return *r->id != '\0';
}

static void respond_with(struct call *c, const struct session_record *r)
{
    char tag[80];
    snprintf(tag, sizeof tag, "\"%s-%s\"", *r->epoch ? r->epoch : "1", *r->version ? r->version : "0");
    http_add_header(c->request, "ETag", tag);
    respond_json_text(c->request, strcmp(c->route->method, "GET") == 0 ? 200 : 202, session_text(c->gateway, r, c->since, NULL));
}

static void on_fields(void *user, const redisReply *reply)
{
    struct call *c = user;
    const struct principal *p = &c->who;
    struct session_record r;
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!read_fields(&r, reply) || strcmp(r.company, p->company) != 0 ||
             !(p->administrator || strcmp(r.technician, p->technician) == 0))
        call_refuse(c, "not_found", NULL);
    else
        respond_with(c, &r);
}

void handle_get(struct call *c)
{
    if (bucket_of_id(c->session) == c->who.bucket)
        store_shown(c, on_since, on_fields);
    else
        call_refuse(c, "not_found", NULL);
}

/* ---- the end ---- */

static void on_fields_again(void *user, const redisReply *reply)
{
    struct call *c = user;
    struct session_record r;
    if (--c->waiting > 0)
        return; /* read before it was done: it will be asked for again */
    if (c->refusal)
        call_refuse(c, c->refusal, NULL);
    else if (read_fields(&r, reply))
        respond_with(c, &r);
    else
        call_refuse(c, "unavailable", "It is done; the session's state could not be read.");
}

void respond_session_again(struct call *c)
{
    c->waiting = 1;
    store_shown(c, on_since, on_fields_again);
}

static void on_ended(void *user, const redisReply *reply)
{
    struct call *c = user;
    bool answered = reply && reply->type == REDIS_REPLY_STRING;
    c->waiting--;
    if (answered) {
        failpoint("gateway.ended");
        log_event(LOG_INFO, "session_end", "session", c->session, "outcome", reply->str, "request", c->request->id, NULL);
    }
    c->refusal = !answered ? "unavailable" : strcmp(reply->str, "not_found") == 0 ? "not_found" : NULL;
    if (c->waiting == 0)
        respond_session_again(c);
}

/* Both are asked for at once, the end first; the state comes behind it, unless Redis had to be told the script again. */
void end_session_as(struct call *c, const char *reason)
{
    char *actor = actor_text(c);
    new_id(c->command, c->who.bucket);
    c->waiting = 2;
    store_end(c, reason, actor, on_ended);
    store_shown(c, on_since, on_fields_again);
    free(actor);
}

void handle_end(struct call *c)
{
    /* Another company's session and one that never was are the same answer. */
    if (bucket_of_id(c->session) == c->who.bucket)
        end_session_as(c, c->who.administrator ? "ended_by_admin" : "ended_by_technician");
    else
        call_refuse(c, "not_found", NULL);
}

/* ---- the list ---- */

static void finish_list(struct call *c)
{
    json_t *sessions = json_array();
    const json_t *ids = json_object_get(c->parts, "ids");
    const char *status = http_query(c->request, "status");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *sid = json_string_value(json_array_get(ids, i));
        const json_t *record = part_of(c, "s", sid);
        if (!record || !may_see(&c->who, record))
            continue;
        bool ended = strcmp(json_text(record, "state", ""), "ended") == 0;
        if (!status || ended == (strcmp(status, "ended") == 0))
            json_array_append_new(sessions, session_view(c->gateway, record, part_of(c, "p", sid)));
    }
    json_t *next = json_object_get(c->parts, "next");
    respond_json(c->request, 200, json_pack("{so sO}", "sessions", sessions, "next_cursor", next ? next : json_null()));
}

static void on_list_ids(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    json_t *ids = json_array();
    parts_begin(c, finish_list);
    json_object_set_new(c->parts, "ids", ids);
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *sid = reply->element[i]->str;
        json_array_append_new(ids, json_string(sid));
        store_session(c->gateway, sid, on_part, part_expected(c, "s", sid));
        store_presence(c->gateway, sid, on_part, part_expected(c, "p", sid));
    }
    if (c->limit > 0 && reply->elements == 2 * c->limit)
        json_object_set_new(c->parts, "next", json_string(reply->element[reply->elements - 1]->str));
    parts_done(c);
}

void handle_list(struct call *c)
{
    const char *status = http_query(c->request, "status");
    const char *cursor = http_query(c->request, "cursor");
    if (!read_limit(c) || (status && strcmp(status, "open") != 0 && strcmp(status, "ended") != 0) ||
        (cursor && (!*cursor || strspn(cursor, "0123456789") != strlen(cursor) || strlen(cursor) > 15))) {
        call_refuse(c, "invalid_request", "status is open or ended, limit 1 to 100, cursor what an earlier answer gave.");
        return;
    }
    if (status && strcmp(status, "open") == 0) {
        c->limit = 0; /* all of them: no more than the company's limit */
        store_open_sessions(c, on_list_ids);
        return;
    }
    store_session_page(c, cursor, c->limit, on_list_ids);
}
