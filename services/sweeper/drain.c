/* One bucket's outbox: read a batch from the head, produce it in order, trim what every broker has. One
 * batch at a time; the producer keeps order within a partition (idempotent, one connection). */
#include "sweeper.h"

#include "common/failpoint.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>

static void settle(struct bucket *b, bool more)
{
    b->state = BUCKET_EMPTY;
    if (more || b->again)
        bucket_drain(b);
}

static void on_trimmed(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    if (reply && reply->type == REDIS_REPLY_INTEGER && reply->integer < 0)
        b->epoch = 0;
    failpoint("sweeper.trimmed");
    settle(b, reply && b->n == BATCH_MAX);
}

static void batch_delivered(struct bucket *b)
{
    if (b->failed) {
        settle(b, false); /* the next scan reads the same head again */
        return;
    }
    failpoint("sweeper.produced");
    b->state = BUCKET_TRIMMING;
    store_trim(b, on_trimmed);
}

static void on_delivered(void *user, const char *error)
{
    struct bucket *b = user;
    if (error) {
        b->failed = true;
        log_event(LOG_WARN, "journal_delivery_failed", "error", error, NULL);
    } else {
        metric_add("beistand_events_total", "", 1);
    }
    failpoint("sweeper.acked");
    if (--b->undelivered == 0)
        batch_delivered(b);
}

/* An entry is [id, [field, value, …]]. */
static const char *entry_event(const redisReply *entry)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[1]->type != REDIS_REPLY_ARRAY || entry->element[1]->elements < 2 ||
        entry->element[1]->element[1]->type != REDIS_REPLY_STRING)
        return NULL;
    return entry->element[1]->element[1]->str;
}

static void produce_batch(struct bucket *b, const redisReply *entries)
{
    b->state = BUCKET_PRODUCING;
    b->failed = false;
    b->n = 0;
    b->undelivered = 1; /* ours, so that the batch cannot complete while it is being made */
    for (size_t i = 0; i < entries->elements && b->n < BATCH_MAX && !b->failed; i++) {
        const char *event = entry_event(entries->element[i]);
        const char *id = entries->element[i]->element[0]->str;
        snprintf(b->ids[b->n++], sizeof b->ids[0], "%s", id);
        if (!event)
            continue; /* nothing we wrote; trimmed with the rest */
        b->undelivered++;
        if (bus_journal(b, id, event, on_delivered) != 0) {
            b->undelivered--;
            b->failed = true;
        }
    }
    if (--b->undelivered == 0)
        batch_delivered(b);
}

static void on_read(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        settle(b, false);
        return;
    }
    failpoint("sweeper.read");
    produce_batch(b, reply);
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
