/* The sweeper moves the bucketed outboxes to Kafka in order, and fires what is due. A bucket belongs to the
 * one sweeper that holds its lease; a new holder reads again what the old one had not trimmed (duplicates,
 * never gaps). */
#ifndef BEISTAND_SWEEPER_H
#define BEISTAND_SWEEPER_H

#include "common/derive.h"
#include "common/kafka.h"
#include "common/redis.h"
#include "common/service.h"

enum { BATCH_MAX = 100, LEASE_MS = 3000, RENEW_MS = 1000, SCAN_MS = 1000, DUE_RETRY_MS = 5000 };

/* Draining: EMPTY → READING → PRODUCING → TRIMMING → READING …; after any failed delivery READING again. */
enum bucket_state { BUCKET_EMPTY, BUCKET_READING, BUCKET_PRODUCING, BUCKET_TRIMMING };

struct sweeper;
struct bucket {
    struct sweeper *sweeper;
    int number;
    enum bucket_state state;
    int64_t epoch;       /* fencing epoch of our lease; 0: not ours */
    int64_t lease_until; /* loop time */
    bool again;          /* something came while we were busy */
    bool failed;         /* a delivery of the batch failed */
    size_t n, undelivered;
    char ids[BATCH_MAX][32];
};

struct sweeper {
    struct service service;
    struct redis *redis;
    struct redis *notices;
    struct kafka *kafka;
    struct loop_timer *renew, *scan;
    char holder[64];
    struct bucket buckets[BUCKETS];
};

/* drain.c */
void bucket_drain(struct bucket *b);
/* due.c */
void bucket_due(struct bucket *b);
/* lease.c */
void leases_renew(void *sweeper);
bool bucket_owned(const struct bucket *b);

/* store.c: the only file that speaks Redis. */
void store_lease(struct bucket *b, redis_fn fn);
void store_read(struct bucket *b, redis_fn fn);
void store_trim(struct bucket *b, redis_fn fn);
void store_peek_due(struct bucket *b, redis_fn fn);
void store_take_due(struct bucket *b, redis_fn fn);
void store_subscribe(struct sweeper *s, redis_fn fn);

/* bus.c: the only file that names topics. */
struct kafka *bus_new(struct sweeper *s, const char *bootstrap, const char *profile);
int bus_journal(struct bucket *b, const char *id, const char *event, kafka_delivered_fn fn);
/* kind: expire, mail or removal. */
void bus_due(struct bucket *b, const char *kind, const char *session);

#endif
