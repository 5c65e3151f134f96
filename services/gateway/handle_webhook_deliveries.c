/* What became of deliveries, and sending again: a ping, or one that is over. */
#include "webhooks.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIES_MAX = 100, DELIVERY_ID_MAX = 63 };

/* ---- the list, newest first; cursor "ms:id" ---- */

struct list_read {
    struct call *call;
    size_t at;
};

static void finish_list(struct call *c)
{
    json_t *list = json_array(), *entries = json_object_get(c->parts, "entries");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *record = json_object_get(json_array_get(entries, i), "record");
        if (record)
            json_array_append_new(list, delivery_view(record));
    }
    json_t *next = json_object_get(c->parts, "next");
    respond_json(c->request, 200, json_pack("{so sO}", "deliveries", list, "next_cursor", next ? next : json_null()));
}

static void on_delivery(void *user, const redisReply *reply)
{
    struct list_read *read = user;
    struct call *c = read->call;
    json_t *record = hash_object(reply);
    if (record)
        json_object_set_new(json_array_get(json_object_get(c->parts, "entries"), read->at), "record", record);
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

static void read_delivery(struct call *c, const char *id)
{
    json_t *entries = json_object_get(c->parts, "entries");
    struct list_read *read = malloc(sizeof *read);
    if (!read)
        abort();
    *read = (struct list_read){c, json_array_size(entries)};
    json_array_append_new(entries, json_object());
    c->waiting++;
    store_delivery(c, id, on_delivery, read);
}

/* Entries of the cursor's millisecond that were shown already: of equal times the greater id comes first. */
static bool shown(const char *cursor, const char *score, const char *id)
{
    const char *colon = cursor ? strchr(cursor, ':') : NULL;
    return colon && strncmp(cursor, score, (size_t)(colon - cursor)) == 0 && score[colon - cursor] == '\0' &&
           strcmp(id, colon + 1) >= 0;
}

static void on_page(void *user, const redisReply *reply)
{
    struct call *c = user;
    const char *cursor = http_query(c->request, "cursor");
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    c->parts = json_pack("{s[]}", "entries");
    c->waiting = 1; /* ours */
    unsigned taken = 0;
    for (size_t i = 0; i + 1 < reply->elements && taken < c->limit; i += 2) {
        const char *id = reply->element[i]->str, *score = reply->element[i + 1]->str;
        char next[128];
        if (shown(cursor, score, id))
            continue;
        read_delivery(c, id);
        if (++taken == c->limit) {
            snprintf(next, sizeof next, "%.20s:%.63s", score, id);
            json_object_set_new(c->parts, "next", json_string(next));
        }
    }
    if (--c->waiting == 0)
        finish_list(c);
}

static bool good_delivery_id(const char *id)
{
    return *id && strlen(id) <= DELIVERY_ID_MAX && strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == strlen(id);
}

static bool read_list_query(struct call *c, char ms[24])
{
    const char *limit = http_query(c->request, "limit"), *cursor = http_query(c->request, "cursor");
    char *end = NULL;
    unsigned long n = limit ? strtoul(limit, &end, 10) : 50;
    size_t digits = cursor ? strspn(cursor, "0123456789") : 0;
    bool good = (!limit || (isdigit((unsigned char)*limit) && !*end)) && n >= 1 && n <= PAGE_MAX &&
                (!cursor || (digits > 0 && digits < 16 && cursor[digits] == ':' && good_delivery_id(cursor + digits + 1)));
    c->limit = (unsigned)n;
    snprintf(ms, 24, "%.*s", cursor ? (int)digits : 4, cursor ? cursor : "+inf");
    if (!good)
        call_refuse(c, "invalid_request", "limit is 1 to 100, cursor what an earlier answer gave.");
    return good;
}

/* Of another company there is nothing to see, also not that it is there. */
static void on_owner(void *user, const redisReply *reply)
{
    struct call *c = user;
    char ms[24];
    c->record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!c->record || strcmp(json_text(c->record, "company", ""), c->who.company) != 0)
        call_refuse(c, "not_found", NULL);
    else if (c->then)
        c->then(c);
    else if (read_list_query(c, ms))
        store_delivery_page(c, ms, c->limit + TIES_MAX, on_page);
}

static void with_webhook(struct call *c, void (*then)(struct call *c))
{
    c->then = then;
    if (webhook_asked_for(c))
        store_entity(c->gateway, c->who.bucket, "webhook", c->ids[0], on_owner, c);
}

void handle_deliveries(struct call *c)
{
    with_webhook(c, NULL);
}

/* ---- again ---- */

static void on_queued(void *user, const redisReply *reply)
{
    struct call *c = user;
    const char *outcome = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 ? reply->element[0]->str : NULL;
    if (!outcome)
        call_refuse(c, "unavailable", NULL);
    else if (strcmp(outcome, "queued") == 0)
        respond_json(c->request, 202, json_pack("{ss}", "delivery", c->ids[1]));
    else
        call_refuse(c, outcome, strcmp(outcome, "wrong_state") == 0 ? "It is on its way already." : NULL);
}

static void redeliver(struct call *c)
{
    store_webhook_again(c, c->ids[1], NULL, on_queued);
}

void handle_redeliver(struct call *c)
{
    if (good_delivery_id(c->ids[1]))
        with_webhook(c, redeliver);
    else
        call_refuse(c, "not_found", NULL);
}

static void ping(struct call *c)
{
    char id[ID_SIZE], now[24];
    new_id(id, c->who.bucket);
    snprintf(c->ids[1], sizeof c->ids[1], "ping-%s", id);
    snprintf(now, sizeof now, "%lld", (long long)wall_now_ms());
    json_t *body = json_pack("{ss so s{ss ss ss}}", "type", "webhook.ping", "timestamp", time_view(now), "data", "id", c->ids[1],
                             "company", c->who.company, "webhook", c->ids[0]);
    char *text = json_compact(body);
    json_decref(body);
    store_webhook_again(c, c->ids[1], text ? text : "{}", on_queued);
    free(text);
}

void handle_ping(struct call *c)
{
    with_webhook(c, ping);
}
