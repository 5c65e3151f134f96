/* Kafka on the loop (librdkafka 2.0.2 or newer): one producer, optionally one consumer, both served
 * by the loop thread through their queues' descriptors. Delivery is at least once. */
#ifndef BEISTAND_KAFKA_H
#define BEISTAND_KAFKA_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka;

/* Valid during the call only; value is NUL-terminated, and may have NULs among its size bytes. */
struct kafka_message {
    const char *topic;
    const char *id; /* header ce_id, "" when absent */
    const char *command; /* header ce_commandid, NULL when absent */
    char *value;
    size_t size;
    int32_t partition;
    int64_t offset;
};

/* A message arrived. Group consumers: call kafka_done() with the same topic, partition and offset
 * once the work is finished, in any order; offsets are committed up to the lowest unfinished one. */
typedef void (*kafka_message_fn)(void *user, const struct kafka_message *m);
/* error: NULL when every in-sync replica has it, else why it failed for good. */
typedef void (*kafka_delivered_fn)(void *user, const char *error);

struct kafka_options {
    const char *bootstrap;          /* host:port[,host:port] */
    const char *profile;            /* "mock": librdkafka's in-memory cluster; "real"; "quick": dead members go sooner */
    const char *client_id;
    const char *group;              /* NULL: consume without a group, from the end of each partition */
    const char *const *topics;      /* ends with NULL, at most KAFKA_TOPICS_MAX; NULL: no consumer */
    const char *const *warm_topics; /* produced to by this process; metadata is fetched ahead */
    int last;                       /* without a group: only look at so many messages before the end of each partition;
                                       there is no producer then */
    bool gather;                    /* messages wait up to 5 ms for others of their partition ("mock": they do not) */
    kafka_message_fn message;
    void *user;
};
enum { KAFKA_TOPICS_MAX = 4 };

/* NULL after logging why. */
struct kafka *kafka_new(struct loop *l, const struct kafka_options *o);
/* Flushes up to flush_ms, leaves the group, frees. */
void kafka_free(struct kafka *k, int flush_ms);
/* Connected, and the consumer (if any) has its partitions; without a group: has read each of them to the end that it had. */
bool kafka_ready(const struct kafka *k);

/* One event (CloudEvents 1.0, Kafka binding, binary mode): value is its JSON; id, type and command are the headers ce_id,
 * ce_type and ce_commandid (what caused it, "" when no command did; NULL: no such header). All is copied. */
struct kafka_event {
    const char *topic, *key, *value, *id, *type, *command;
    size_t size; /* of value */
};
/* delivered may be NULL, else it is called exactly once, later. 0, or -1 when the queue is full (nothing will
 * be called then). */
int kafka_produce(struct kafka *k, const struct kafka_event *e, kafka_delivered_fn delivered, void *user);
void kafka_done(struct kafka *k, const char *topic, int32_t partition, int64_t offset);

#endif
