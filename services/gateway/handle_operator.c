/* The operator's API: companies with plan, modules, seats and limits; suspension; one session's end. */
#include "directory.h"

#include "common/log.h"
#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list: the newest of all buckets ---- */

static int newer_first(const void *a, const void *b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

static void finish_list(struct call *c)
{
    json_t *companies = json_array();
    const json_t *order = json_object_get(c->parts, "order"), *next = json_object_get(c->parts, "next");
    for (size_t i = 0; i < json_array_size(order); i++) {
        const char *id = json_string_value(json_array_get(order, i));
        const json_t *record = json_object_get(json_object_get(c->parts, "records"), id);
        if (record)
            json_array_append_new(companies, company_view(c, id, record));
    }
    respond_json(c->request, 200, json_pack("{so sO}", "companies", companies, "next_cursor", next ? next : json_null()));
}

struct company_read {
    struct call *call;
    char id[ID_SIZE];
};

static void on_listed_company(void *user, const redisReply *reply)
{
    struct company_read *read = user;
    struct call *c = read->call;
    json_t *record = hash_object(reply);
    if (record)
        json_object_set_new(json_object_get(c->parts, "records"), read->id, record);
    if (!reply)
        json_object_set_new(c->parts, "lost", json_true());
    free(read);
    if (--c->waiting > 0)
        return;
    if (json_object_get(c->parts, "lost"))
        call_refuse(c, "unavailable", NULL);
    else
        finish_list(c);
}

/* The page: the newest of what the buckets gave. */
static void read_companies(struct call *c)
{
    const json_t *members = json_object_get(c->parts, "members");
    size_t n = json_array_size(members), shown = n < c->limit ? n : c->limit;
    const char **sorted = calloc(n + 1, sizeof *sorted);
    if (!sorted)
        abort();
    for (size_t i = 0; i < n; i++)
        sorted[i] = json_string_value(json_array_get(members, i));
    qsort(sorted, n, sizeof *sorted, newer_first);
    json_t *order = json_array();
    c->waiting = 1;
    for (size_t i = 0; i < shown; i++) {
        struct company_read *read = calloc(1, sizeof *read);
        if (!read)
            abort();
        read->call = c;
        snprintf(read->id, sizeof read->id, "%s", strchr(sorted[i], ':') + 1);
        json_array_append_new(order, json_string(read->id));
        c->waiting++;
        store_entity(c->gateway, bucket_of_id(read->id), "company", read->id, on_listed_company, read);
    }
    if (n > shown)
        json_object_set_new(c->parts, "next", json_string(sorted[shown - 1]));
    json_object_set_new(c->parts, "order", order);
    free(sorted);
    if (--c->waiting == 0)
        finish_list(c);
}

static void on_bucket(void *user, const redisReply *reply)
{
    struct call *c = user;
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (strchr(reply->element[i]->str, ':'))
            json_array_append_new(json_object_get(c->parts, "members"), json_string(reply->element[i]->str));
    if (!reply)
        json_object_set_new(c->parts, "lost", json_true());
    if (--c->waiting > 0)
        return;
    if (json_object_get(c->parts, "lost"))
        call_refuse(c, "unavailable", NULL);
    else
        read_companies(c);
}

void handle_companies(struct call *c)
{
    const char *cursor;
    if (!read_page(c, &c->limit, &cursor))
        return;
    c->parts = json_pack("{s[] s{}}", "members", "records");
    c->waiting = BUCKETS;
    /* One more than the page tells whether there is a next one. */
    for (int i = 0; i < BUCKETS; i++)
        store_index_page(c->gateway, i, "companies", "", cursor, c->limit + 1, on_bucket, c);
}

/* ---- a new company ---- */

static void respond_new(struct call *c, const char *id, const json_t *record)
{
    char location[96];
    snprintf(location, sizeof location, "/operator/v1/companies/%s", id);
    http_add_header(c->request, "Location", location);
    add_etag(c->request, record);
    respond_json(c->request, 201, company_view(c, id, record));
}

static void on_repeated(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *record = hash_object(reply);
    if (record)
        respond_new(c, c->text, record);
    else
        call_refuse(c, reply ? "not_found" : "unavailable", NULL);
    json_decref(record);
}

static void on_created(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0) {
        respond_new(c, ch->id, ch->record);
    } else if (strcmp(outcome, "repeated") == 0) {
        c->text = strdup(ch->id);
        store_entity(c->gateway, bucket_of_id(ch->id), "company", ch->id, on_repeated, c);
    } else {
        call_refuse(c, outcome, NULL);
    }
}

/* What the body did not say. Limits that are not set are the plan's. */
static void set_defaults(struct change *ch)
{
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)wall_now_ms());
    const char *const defaults[][2] = {
        {"contact", ""}, {"plan", "plus"}, {"modules", ""}, {"seats", "10"}, {"created_at", now}};
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (!json_object_get(ch->set, defaults[i][0]))
            change_set(ch, defaults[i][0], defaults[i][1]);
}

/* The bucket follows from the Idempotency-Key when there is one, so that the same request finds what it made. */
static int choose_bucket(const struct call *c)
{
    const char *key = http_header(c->request, "Idempotency-Key");
    char digest[DIGEST_SIZE];
    uint8_t random;
    if (!key) {
        random_fill(&random, 1);
        return random % BUCKETS;
    }
    sha256_hex(digest, key, strlen(key));
    return bucket_of_digest(digest);
}

void handle_company_create(struct call *c)
{
    char id[ID_SIZE];
    new_id(id, choose_bucket(c));
    struct change *ch = change_new(c, "create", "company", id, id, NULL);
    if (!company_fields(ch)) {
        change_drop(ch);
        return;
    }
    if (!json_object_get(ch->set, "name")) {
        call_refuse(c, "invalid_request", "name is needed.");
        change_drop(ch);
        return;
    }
    set_defaults(ch);
    ch->done = on_created;
    if (change_idempotent(ch, "operator"))
        change_run(ch);
}

/* ---- one company ---- */

static struct change *company_change(struct call *c)
{
    if (bucket_of_id(c->ids[0]) < 0) {
        call_refuse(c, "not_found", NULL);
        return NULL;
    }
    struct change *ch = change_new(c, "update", "company", c->ids[0], c->ids[0], NULL);
    ch->plan = plan_company_change;
    ch->done = respond_company;
    return ch;
}

static void on_company(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (!c->record) {
        call_refuse(c, reply ? "not_found" : "unavailable", NULL);
        return;
    }
    if (c->then) {
        c->then(c);
        return;
    }
    add_etag(c->request, c->record);
    respond_json(c->request, 200, company_view(c, c->ids[0], c->record));
}

static void with_company(struct call *c, void (*then)(struct call *c))
{
    c->then = then;
    if (bucket_of_id(c->ids[0]) < 0)
        call_refuse(c, "not_found", NULL);
    else
        store_entity(c->gateway, bucket_of_id(c->ids[0]), "company", c->ids[0], on_company, c);
}

void handle_operator_company(struct call *c)
{
    with_company(c, NULL);
}

void handle_operator_company_change(struct call *c)
{
    struct change *ch = company_change(c);
    if (ch && company_fields(ch))
        change_run(ch);
    else if (ch)
        change_drop(ch);
}

static void create_technician(struct call *c)
{
    technician_create(c, c->ids[0]);
}

void handle_operator_technician(struct call *c)
{
    with_company(c, create_technician);
}

/* ---- suspension ---- */

static char *actor_text(const struct call *c)
{
    json_t *actor = actor_of(c);
    char *text = json_compact(actor);
    json_decref(actor);
    return text;
}

static void respond_suspended(struct call *c)
{
    add_etag(c->request, c->record);
    respond_json(c->request, 200, company_view(c, c->ids[0], c->record));
}

static void on_session_ended(void *user, const redisReply *reply)
{
    struct call *c = user;
    (void)reply; /* its due time has come too: what was lost here is ended by the sweeper's command */
    if (--c->waiting == 0)
        respond_suspended(c);
}

static void on_open_sessions(void *user, const redisReply *reply)
{
    struct call *c = user;
    char *actor = actor_text(c);
    c->waiting = 1;
    for (size_t i = 0; actor && reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        c->waiting++;
        store_end_of(c, reply->element[i]->str, "company_suspended", actor, on_session_ended, c);
    }
    free(actor);
    if (--c->waiting == 0)
        respond_suspended(c);
}

static void on_suspended(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, NULL);
        return;
    }
    log_event(LOG_WARN, "company_suspended", "company", ch->id, "request", c->request->id, NULL);
    c->record = json_incref(ch->record);
    store_leases(c, ch->bucket, ch->id, on_open_sessions);
}

void handle_suspend(struct call *c)
{
    struct change *ch = company_change(c);
    if (!ch)
        return;
    change_set(ch, "suspended", "1");
    ch->done = on_suspended;
    change_run(ch);
}

void handle_resume(struct call *c)
{
    struct change *ch = company_change(c);
    if (!ch)
        return;
    change_set(ch, "suspended", NULL);
    change_run(ch);
}

/* ---- the end of one session ---- */

static void on_ended_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *record = hash_object(reply);
    if (record)
        respond_json(c->request, 202, json_pack("{ss ss ss so}", "id", c->ids[0], "status", json_text(record, "state", ""),
                                                "reason", json_text(record, "reason", ""), "ended_at",
                                                time_view(json_text(record, "ended_at", ""))));
    else
        call_refuse(c, "unavailable", "The session has ended; its state could not be read.");
    json_decref(record);
}

static void on_ended(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_STRING)
        call_refuse(c, "unavailable", NULL);
    else if (strcmp(reply->str, "not_found") == 0)
        call_refuse(c, "not_found", NULL);
    else
        store_session(c->gateway, c->ids[0], on_ended_record, c);
}

void handle_operator_end(struct call *c)
{
    if (bucket_of_id(c->ids[0]) < 0) {
        call_refuse(c, "not_found", NULL);
        return;
    }
    char *actor = actor_text(c);
    store_end_of(c, c->ids[0], "ended_by_operator", actor, on_ended, c);
    free(actor);
}
