/* One bucket's outbox: read a batch from the head, chain its audit records, produce it in order, trim what every broker
 * has; when there is more, read on with the same round trip. One batch at a time; the producer keeps order within a
 * partition (idempotent, one connection). */
#include "sweeper.h"

#include "common/failpoint.h"
#include "common/json.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void settle(struct bucket *b, bool more)
{
    for (size_t i = 0; b->batch && i < b->batch->n; i++) {
        json_decref(b->batch->entries[i].event);
        free(b->batch->entries[i].trim);
    }
    free(b->batch);
    b->batch = NULL;
    if (b->reading_ahead) {
        b->reading_ahead = false;
        b->state = BUCKET_READING;
        return;
    }
    b->state = BUCKET_EMPTY;
    b->untrimmed = false;
    if (more || b->again)
        bucket_drain(b);
}

static void on_read(void *user, const redisReply *reply);

static void on_trimmed(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    bool number = reply && reply->type == REDIS_REPLY_INTEGER;
    b->untrimmed = !number;
    if (number && reply->integer == -1)
        b->epoch = 0;
    if (number && reply->integer == (long long)b->batch->n)
        heads_keep(b);
    else
        heads_forget(b);
    failpoint("sweeper.trimmed");
    settle(b, number && reply->integer == -2);
}

/* One read is under way while READING, and while TRIMMING with reading_ahead. */
static void batch_delivered(struct bucket *b)
{
    if (b->batch->failed) {
        heads_forget(b);
        settle(b, false); /* the next scan reads the same head again */
        return;
    }
    failpoint("sweeper.produced");
    b->state = BUCKET_TRIMMING;
    b->reading_ahead = b->again || b->batch->n == BATCH_MAX;
    b->again = false;
    bool ahead = b->reading_ahead; /* without Redis the trimming has failed, and settled, before it returns */
    store_trim(b, on_trimmed);
    if (ahead)
        store_read(b, on_read);
}

static void on_delivered(void *user, const char *error)
{
    struct bucket *b = user;
    if (error) {
        b->batch->failed = true;
        log_event(LOG_WARN, "journal_delivery_failed", "error", error, NULL);
    } else {
        metric_add("beistand_events_total", "", 1);
    }
    failpoint("sweeper.acked");
    if (--b->batch->undelivered == 0)
        batch_delivered(b);
}

/* An entry is [id, [field, value, …]]. */
static const char *entry_text(const redisReply *entry)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[1]->type != REDIS_REPLY_ARRAY || entry->element[1]->elements < 2 ||
        entry->element[1]->element[1]->type != REDIS_REPLY_STRING)
        return NULL;
    return entry->element[1]->element[1]->str;
}

static void take_entry(struct entry *e, const redisReply *reply)
{
    char error[128];
    const char *text = entry_text(reply);
    snprintf(e->id, sizeof e->id, "%s", reply->element[0]->str);
    e->trim = strdup(e->id);
    e->event = text ? json_read(text, strlen(text), error) : NULL;
    if (!e->event)
        log_event(LOG_ERROR, "outbox_entry_unreadable", "entry", e->id, NULL);
}

static void produce_one(struct bucket *b, const struct entry *e,
                        int (*produce)(struct bucket *b, const struct entry *e, kafka_delivered_fn fn))
{
    b->batch->undelivered++;
    if (produce(b, e, on_delivered) != 0) {
        b->batch->undelivered--;
        b->batch->failed = true;
    }
}

void bucket_chained(struct bucket *b)
{
    struct batch *batch = b->batch;
    if (batch->failed) {
        settle(b, false);
        return;
    }
    b->state = BUCKET_PRODUCING;
    batch->undelivered = 1; /* ours, so that the batch cannot complete while it is being made */
    for (size_t i = 0; i < batch->n && !batch->failed; i++) {
        const struct entry *e = &batch->entries[i];
        if (e->event && bus_directory_wants(e))
            produce_one(b, e, bus_directory);
        if (e->event)
            produce_one(b, e, bus_journal);
    }
    failpoint("sweeper.sent");
    if (--batch->undelivered == 0)
        batch_delivered(b);
}

static void on_read(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    size_t n = reply && reply->type == REDIS_REPLY_ARRAY && bucket_owned(b) && !b->untrimmed ? reply->elements : 0;
    if (b->state != BUCKET_READING) { /* before the trimming that it was sent behind (NOSCRIPT) */
        b->reading_ahead = false;
        b->again = true;
        return;
    }
    b->untrimmed = false; /* what could not be trimmed is read again at the next scan, not at once */
    b->batch = n > 0 ? calloc(1, sizeof *b->batch) : NULL;
    if (!b->batch) {
        settle(b, false);
        return;
    }
    failpoint("sweeper.read");
    for (size_t i = 0; i < n && i < BATCH_MAX; i++)
        take_entry(&b->batch->entries[b->batch->n++], reply->element[i]);
    bucket_chain(b);
}

void bucket_drain(struct bucket *b)
{
    b->again = b->state != BUCKET_EMPTY;
    if (b->again || !bucket_owned(b) || !redis_ready(b->sweeper->redis) ||
        !kafka_ready(b->sweeper->kafka))
        return;
    b->state = BUCKET_READING;
    store_read(b, on_read);
}
