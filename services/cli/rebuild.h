/* beistand-cli rebuild: folds the journal and the sealed directory into a Redis that has lost what they hold (SPEC S-61, S-63;
 * docs/decisions/0043-rebuild.md). It may be killed anywhere and run again: every fold is by version.
 *
 * Memory: the directory, and about 0.7 KB for each audit record of the journal (7 days). */
#ifndef BEISTAND_CLI_REBUILD_H
#define BEISTAND_CLI_REBUILD_H

#include "common/derive.h"
#include "common/seal.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REBUILD_DETAIL_MAX = 256, PIPELINE_MAX = 256 };

/* The scripts of proto/lua that it runs. */
enum fold { FOLD_SESSION, FOLD_COMPUTER, FOLD_DIRECTORY, FOLD_IDEMPOTENCY, FOLD_AUDIT, FOLD_BUCKET, FOLD_LOGIN, FOLDS };

/* rebuild_store.c: one blocking connection; commands are pipelined. */
struct store {
    redisContext *redis;
    char sha1[FOLDS][41];
    size_t n_waiting;
    size_t *counters[PIPELINE_MAX]; /* of the answers to come; NULL: not counted */
};

/* What the journal says of one bucket. */
struct bucket_seen {
    int64_t epoch, time;
    long long newest_ms, newest_seq; /* outbox id */
};

struct audit_logs;

struct rebuild {
    struct store store;
    struct secret_keys *keys;
    struct seal_keys *seal_keys;
    json_t *undrained;  /* "NN-id" of what Redis' outboxes still hold: true */
    json_t *entities;   /* id → the directory's newest event of it */
    json_t *computers;  /* id → the journal's newest event of it */
    struct audit_logs *logs;
    struct bucket_seen buckets[BUCKETS];
    int64_t audit_ms;   /* audit logs are kept so long; 0: for ever */
    struct {
        size_t events, sessions, computers, directory, idempotency, audit, unreadable, without_link, sealed_lost;
    } n;
    char detail[REBUILD_DETAIL_MAX]; /* why it failed */
};

/* false, always: why it failed, once. */
bool rebuild_failed(struct rebuild *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* rebuild_topics.c: every message of a topic from its beginning to the end it has when this is called, in order by partition.
 * id: the header ce_id, "" without. */
typedef bool (*topic_fn)(struct rebuild *r, const char *id, const char *text, size_t size);
bool rebuild_read_topic(struct rebuild *r, const char *bootstrap, const char *profile, const char *topic, topic_fn fn);

/* rebuild_store.c. Each: false after rebuild_failed(). */
bool store_open(struct rebuild *r, const char *url);
void store_close(struct store *s);
/* Queues one script. counter (may be NULL) grows by one for an answer 'folded', by the number of a numeric answer. */
bool store_fold(struct rebuild *r, enum fold fold, const char *key, int argc, const char **argv, size_t *counter);
/* Queues XDEL of an outbox entry that Kafka has. */
bool store_drop(struct rebuild *r, int bucket, const char *id);
/* Waits for everything queued. */
bool store_flush(struct rebuild *r);
/* The run id of the Redis process, and what stands in REDIS_INSTANCE_KEY ("" nothing). */
bool store_instance(struct rebuild *r, char run_id[64], char told[80]);
bool store_set_instance(struct rebuild *r, const char *run_id);
bool store_read_outboxes(struct rebuild *r);
/* The last part of an API key's name by its id; false when Redis knows none (nothing has failed then). */
bool store_key_name(struct rebuild *r, const char *id, char out[65]);
bool store_exists(struct rebuild *r, const char *key);

/* rebuild_directory.c: collects, then folds companies and people before their keys. */
bool directory_event(struct rebuild *r, const char *id, const char *text, size_t size);
bool directory_fold(struct rebuild *r);

/* rebuild_journal.c */
bool journal_event(struct rebuild *r, const char *id, const char *text, size_t size);
/* The managed computers, of which journal_event() only notes the newest event. */
bool journal_fold_computers(struct rebuild *r);

/* rebuild_audit.c: collects the records, then appends each company's in order. */
struct audit_logs *audit_logs_new(void);
void audit_logs_free(struct audit_logs *logs);
bool audit_collect(struct rebuild *r, const char *id, const json_t *event);
bool audit_fold(struct rebuild *r);

/* argv[0] is "rebuild". Exit status. */
int rebuild_main(int argc, char **argv);

#endif
