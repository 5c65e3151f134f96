/* See audit.h. */
#include "audit.h"

#include "directory.h"

#include <stdlib.h>
#include <string.h>

void note(struct call *c, const char *type, const char *session, json_t *details)
{
    json_t *note = json_pack("{ss ss so}", "type", type, "company", c->who.company, "actor", actor_of(c));
    if (session)
        json_object_set_new(note, "session", json_string(session));
    if (details)
        json_object_set_new(note, "details", details);
    char *text = json_compact(note);
    if (text)
        store_note(c->gateway, c->who.company, text);
    free(text);
    json_decref(note);
}

/* An entry is [id, ["r", record, "h", hash]]. */
json_t *audit_view(const redisReply *entry, int64_t *seq)
{
    char error[128];
    const redisReply *fields = entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 ? entry->element[1] : NULL;
    if (!fields || fields->type != REDIS_REPLY_ARRAY || fields->elements < 4)
        return NULL;
    json_t *record = json_read(fields->element[1]->str, fields->element[1]->len, error);
    *seq = json_number(record, "seq", 0);
    if (record)
        json_object_set_new(record, "hash", json_string(fields->element[3]->str));
    return record;
}

bool audit_read_head(const redisReply *reply, int64_t *seq, char hash[AUDIT_HASH_SIZE])
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING || reply->element[1]->type != REDIS_REPLY_STRING ||
        reply->element[1]->len != AUDIT_HASH_SIZE - 1)
        return false;
    *seq = strtoll(reply->element[0]->str, NULL, 10);
    memcpy(hash, reply->element[1]->str, AUDIT_HASH_SIZE);
    return true;
}

/* ---- of one session ---- */

static void finish_session(struct call *c)
{
    if (json_object_get(c->parts, "lost"))
        call_refuse(c, "unavailable", NULL);
    else
        c->then(c);
}

/* Replies come in the order of the questions. */
static void on_session_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    int64_t seq;
    bool there = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1;
    json_t *record = there ? audit_view(reply->element[0], &seq) : NULL;
    if (record)
        json_array_append_new(json_object_get(c->parts, "records"), record);
    if (!reply)
        json_object_set_new(c->parts, "lost", json_true());
    if (--c->waiting == 0)
        finish_session(c);
}

static void on_session_index(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    size_t first = reply->elements > REPORT_RECORDS_MAX ? reply->elements - REPORT_RECORDS_MAX : 0;
    c->parts = json_pack("{s[]}", "records");
    c->waiting = 1; /* ours */
    for (size_t i = first; i < reply->elements; i++) {
        c->waiting++;
        store_audit_record(c->gateway, c->who.company, reply->element[i]->str, on_session_record, c);
    }
    if (--c->waiting == 0)
        finish_session(c);
}

void audit_of_session(struct call *c, void (*then)(struct call *c))
{
    c->then = then;
    store_audit_of_session(c->gateway, c->session, on_session_index, c);
}
