/* The sweeper moves the bucketed outboxes to Kafka in order, chains the companies' audit logs in that order, and fires
 * what is due. A bucket belongs to the one sweeper that holds its lease; a new holder reads again what the old one had
 * not trimmed (duplicates, never gaps). */
#ifndef BEISTAND_SWEEPER_H
#define BEISTAND_SWEEPER_H

#include "audit.h"
#include "common/derive.h"
#include "common/kafka.h"
#include "common/redis.h"
#include "common/service.h"
#include "common/settings.h"

enum { BATCH_MAX = 100, LEASE_MS = 3000, RENEW_MS = 1000, SCAN_MS = 1000, DUE_RETRY_MS = 5000 };

/* Draining: EMPTY → READING → CHAINING → PRODUCING → TRIMMING → READING …; after any failure READING again. */
enum bucket_state { BUCKET_EMPTY, BUCKET_READING, BUCKET_CHAINING, BUCKET_PRODUCING, BUCKET_TRIMMING };

/* One entry of the outbox. */
struct entry {
    char id[32];
    json_t *event; /* NULL: nothing we wrote; it is trimmed with the rest */
    char *trim;    /* argument of sweep_trim.lua */
};

/* A company of the batch and where its log ends. */
struct chain {
    struct bucket *bucket;
    char company[ID_SIZE];
    struct audit_head head;
};

struct batch {
    size_t n, undelivered;
    size_t n_chains, unread; /* heads still to come */
    bool failed;             /* a delivery failed, or Redis was lost */
    struct entry entries[BATCH_MAX];
    struct chain chains[BATCH_MAX];
};

struct known_head;
struct sweeper;
struct bucket {
    struct sweeper *sweeper;
    int number;
    enum bucket_state state;
    int64_t epoch;       /* fencing epoch of our lease; 0: not ours */
    int64_t lease_until; /* loop time */
    bool again;          /* something came while we were busy */
    bool reading_ahead;  /* behind the trimming that is under way */
    bool untrimmed;      /* which failed, then */
    struct batch *batch; /* while not EMPTY or READING */
    struct known_head *heads;  /* uthash by company: where the logs end that we wrote last (heads.c) */
    int64_t heads_epoch;       /* and under which lease and connection that is true */
    unsigned heads_connection;
    int64_t chores_at;   /* loop time */
    bool chores_running;
};

/* An outbox entry's place in time: its stream id. */
struct outbox_id {
    long long ms, seq;
};

enum guard_state { GUARD_ASK, GUARD_ASKED, GUARD_READING, GUARD_COMPARING, GUARD_SETTLED };
enum { GUARD_LAST = 64 /* messages of each partition: with several holders they are in order by bucket only */ };

struct guard {
    struct redis *redis; /* unchecked */
    struct loop_timer *timer;
    enum guard_state state;
    struct kafka *journal;               /* while READING */
    struct outbox_id newest[BUCKETS];    /* that Kafka has */
    struct guard_bucket {
        struct guard *guard;
        int number;
    } buckets[BUCKETS];
    char run_id[64];                     /* of the Redis that is being compared */
    char told[80];                       /* what REDIS_INSTANCE_KEY said of it */
    size_t unread;                       /* buckets still to compare */
    bool behind, failed;
    struct sweeper *sweeper;
};

struct sweeper_settings {
    struct common_settings common;
    int64_t audit_days, journal_again_ms;
};

struct sweeper {
    struct service service;
    struct sweeper_settings settings;
    struct redis *redis;
    struct redis *notices;
    struct kafka *kafka;
    struct loop_timer *renew, *scan;
    char holder[64];
    struct bucket buckets[BUCKETS];
    struct guard guard;
};

/* guard.c: lets everybody use a Redis that was started anew when it has all that Kafka has. 0 or -1. */
int guard_start(struct sweeper *s);
void guard_stop(struct sweeper *s);

/* drain.c */
void bucket_drain(struct bucket *b);
/* The audit records are made (or Redis was lost: batch->failed). */
void bucket_chained(struct bucket *b);
/* chain.c: reads the heads of the batch's companies, makes their records, then bucket_chained(). */
void bucket_chain(struct bucket *b);
/* heads.c: false: not known, ask Redis. */
bool heads_find(struct bucket *b, struct chain *c);
/* The batch's logs are written as its chains have them now. */
void heads_keep(struct bucket *b);
void heads_forget(struct bucket *b);
/* due.c */
void bucket_due(struct bucket *b);
/* chores.c */
void bucket_chores(struct bucket *b);
/* lease.c */
void leases_renew(void *sweeper);
bool bucket_owned(const struct bucket *b);

/* store.c: the only file that speaks Redis. */
void store_lease(struct bucket *b, redis_fn fn);
void store_read(struct bucket *b, redis_fn fn);
void store_audit_head(struct chain *c, redis_fn fn);
void store_trim(struct bucket *b, redis_fn fn);
void store_clock(struct bucket *b, redis_fn fn);
/* before: time of what is due then. */
void store_peek_due(struct bucket *b, int64_t before, redis_fn fn);
void store_take_due(struct bucket *b, redis_fn fn);
/* before: time before which audit records go, "" for never. */
void store_chores(struct bucket *b, const char *before, redis_fn fn);
void store_get_instance(struct guard *g, redis_fn fn);
/* Answers 1, or 0 when somebody else has settled it since g->told was read. */
void store_settle(struct guard *g, const char *value, redis_fn fn);
/* Answers 1 when the bucket has guard->newest of it, else 0. */
void store_compare(struct guard_bucket *b, redis_fn fn);
void store_subscribe(struct sweeper *s, redis_fn fn);

/* bus.c: the only file that names topics. */
struct kafka *bus_new(struct sweeper *s);
/* The last messages of every partition of journal and directory; kafka_ready() when it has told them all. */
struct kafka *bus_last(struct sweeper *s, kafka_message_fn fn, void *user);
/* Takes the sealed state out of the event: it is for the directory's topic only. */
int bus_journal(struct bucket *b, const struct entry *e, kafka_delivered_fn fn);
bool bus_directory_wants(const struct entry *e);
int bus_directory(struct bucket *b, const struct entry *e, kafka_delivered_fn fn);
/* kind: expire, mail, removal (name: the session) or webhook (name: "{wid}:{delivery}"). */
void bus_due(struct bucket *b, const char *kind, const char *name);

#endif
