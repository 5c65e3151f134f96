/* See rebuild.h. Events are folded as they come: all of a session are in one partition, in order, and what comes twice or
 * late is told by its version. */
#include "rebuild.h"

#include "common/json.h"
#include "sweeper/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 192, GENERATIONS_MAX = 32, LINK_CHECK = 2 /* characters */, OUTBOX_ID_MAX = 48 };

/* {sNN}:kind:name, as the CLI writes keys. */
#define ENTITY_KEY(out, bucket, kind, name) snprintf(out, KEY_MAX, "{s%02d}:" kind ":%.200s", bucket, name)

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- what every event tells ---- */

static void note_newest(struct bucket_seen *b, long long ms, long long seq)
{
    if (ms < b->newest_ms || (ms == b->newest_ms && seq <= b->newest_seq))
        return;
    b->newest_ms = ms;
    b->newest_seq = seq;
}

/* id: "NN-ms-seq". What Kafka has need not be drained again. */
static bool note_event(struct rebuild *r, const char *id, const json_t *event, char outbox_id[OUTBOX_ID_MAX], int *bucket)
{
    long long ms, seq;
    if (sscanf(id, "%2d-%lld-%lld", bucket, &ms, &seq) != 3 || *bucket < 0 || *bucket >= BUCKETS)
        return false;
    struct bucket_seen *b = &r->buckets[*bucket];
    int64_t epoch = json_number(event, "epoch", 1), time = json_number(event, "time", 0);
    b->epoch = epoch > b->epoch ? epoch : b->epoch;
    b->time = time > b->time ? time : b->time;
    note_newest(b, ms, seq);
    snprintf(outbox_id, OUTBOX_ID_MAX, "%lld-%lld", ms, seq);
    return true;
}

/* ---- records ---- */

static bool fold_session(struct rebuild *r, const json_t *record, int bucket)
{
    char key[KEY_MAX], tokens[GENERATIONS_MAX][LINK_TOKEN_SIZE];
    const char *argv[1 + GENERATIONS_MAX], *id = json_text(record, "id", ""), *kid = json_text(record, "kid", "");
    unsigned long generations = strtoul(json_text(record, "generation", "1"), NULL, 10);
    char *text = json_dumps(record, JSON_COMPACT);
    int n = 0;
    argv[n++] = text ? text : "";
    for (unsigned g = 1; g <= generations && g <= GENERATIONS_MAX; g++) {
        if (derive_link_token(r->keys, kid, id, g, tokens[g - 1]) != 0) {
            r->n.without_link++;
            break;
        }
        tokens[g - 1][LINK_TOKEN_SIZE - 1 - LINK_CHECK] = '\0'; /* the key has none */
        argv[n++] = tokens[g - 1];
    }
    ENTITY_KEY(key, bucket, "session", id);
    bool good = store_fold(r, FOLD_SESSION, key, n, argv, &r->n.sessions);
    free(text);
    return good;
}

static bool is_older(const json_t *a, const json_t *b)
{
    int64_t epochs[] = {json_number(a, "epoch", 1), json_number(b, "epoch", 1)};
    return epochs[0] != epochs[1] ? epochs[0] < epochs[1] : json_number(a, "version", 0) < json_number(b, "version", 0);
}

static void note_computer(struct rebuild *r, json_t *event)
{
    const char *id = json_text(event, "computer", "");
    const json_t *known = json_object_get(r->computers, id);
    if (bucket_of_id(id) >= 0 && (!known || is_older(known, event)))
        json_object_set(r->computers, id, event);
}

static bool fold_computer(struct rebuild *r, const char *id, const json_t *event)
{
    char key[KEY_MAX], *text = json_dumps(json_object_get(event, "record"), JSON_COMPACT);
    const char *argv[] = {text ? text : "", strcmp(json_text(event, "type", ""), "computer.removed") == 0 ? "1" : "0"};
    ENTITY_KEY(key, bucket_of_id(id), "computer", id);
    bool good = store_fold(r, FOLD_COMPUTER, key, 2, argv, &r->n.computers);
    free(text);
    return good;
}

bool journal_fold_computers(struct rebuild *r)
{
    const char *id;
    json_t *event;
    json_object_foreach(r->computers, id, event)
        if (!fold_computer(r, id, event))
            return false;
    return store_flush(r);
}

/* A stub (of a refusal) is no record. */
static bool fold_record(struct rebuild *r, json_t *event, int bucket)
{
    const json_t *record = json_object_get(event, "record");
    const char *type = json_text(event, "type", "");
    if (has_prefix(type, "computer."))
        note_computer(r, event);
    if (strcmp(type, "session.refused") == 0 || !json_text(record, "state", NULL))
        return true;
    return fold_session(r, record, bucket);
}

/* ---- requests ---- */

static bool fold_idempotency(struct rebuild *r, const json_t *event, const char *outbox_id, int bucket)
{
    const json_t *given = json_object_get(event, "idempotency");
    json_t *fields = json_copy(json_object_get(given, "fields"));
    char key[KEY_MAX], time[24], *text;
    if (!fields)
        return true;
    if (json_object_get(fields, "session"))
        json_object_set_new(fields, "outbox", json_string(outbox_id));
    text = json_dumps(fields, JSON_COMPACT);
    snprintf(time, sizeof time, "%lld", (long long)json_number(event, "time", 0));
    snprintf(key, sizeof key, "{s%02d}:idempotency:%.32s:%.64s", bucket, json_text(given, "owner", ""), json_text(given, "key", ""));
    const char *argv[] = {text ? text : "{}", time};
    bool good = store_fold(r, FOLD_IDEMPOTENCY, key, 2, argv, &r->n.idempotency);
    free(text);
    json_decref(fields);
    return good;
}

bool journal_event(struct rebuild *r, const char *id, const char *text, size_t size)
{
    char error[128], outbox_id[OUTBOX_ID_MAX];
    int bucket;
    json_t *event = json_read(text, size, error);
    bool good = true;
    r->n.events++;
    if (!event || !note_event(r, id, event, outbox_id, &bucket)) {
        r->n.unreadable++;
        json_decref(event);
        return true;
    }
    if (json_object_get(r->undrained, id))
        good = store_drop(r, bucket, outbox_id);
    if (good && json_object_get(event, "record"))
        good = fold_record(r, event, bucket);
    if (good)
        good = fold_idempotency(r, event, outbox_id, bucket);
    if (good && json_object_get(event, "audit"))
        good = audit_collect(r, id, event);
    json_decref(event);
    return good;
}
