/* Invitations sends the customer's mail, and events to the companies' webhooks (webhook.h). The journal says that one is
 * due; a due time in Redis says it again when the message was lost. Before anything is sent the record is read: who was
 * sent already is not sent twice. */
#ifndef BEISTAND_INVITATIONS_H
#define BEISTAND_INVITATIONS_H

#include "common/derive.h"
#include "common/kafka.h"
#include "common/redis.h"
#include "common/service.h"
#include "common/settings.h"
#include "compose.h"

enum { TRIES_MAX = 8, FIRST_RETRY_MS = 30000, RETRY_MAX_MS = 900000, REDIS_RETRY_MS = 500,
       SCHEDULE_MAX = 16 };

struct invitations_settings {
    struct common_settings common;
    const char *smtp_url, *mail_from, *origin, *secret_keys, *directory_key, *webhook_schedule, *webhook_ca_file;
    int64_t retry_ms, webhook_allow_http, webhook_allow_private, webhook_timeout_ms, webhook_disable_ms;
};

struct invitations {
    struct service service;
    struct invitations_settings settings;
    struct redis *redis;
    struct kafka *kafka;
    struct secret_keys *keys;
    struct smtp *smtp;
    struct mail *working; /* list */
    struct seal_keys *seal_keys;
    struct fetcher *fetcher;
    struct delivery *sending, *waiting; /* lists; webhook.c */
    size_t n_waiting;
    int64_t schedule[SCHEDULE_MAX]; /* of retries, milliseconds */
    size_t n_schedule;
};

/* One mail in work. Lives until mail_finish(). */
struct mail {
    struct mail *next;
    struct invitations *invitations;
    struct loop_timer *retry;
    json_t *record;
    char session[ID_SIZE];
    int bucket;
    char generation[16];
    bool asked;          /* by its due time, not by an event */
    bool again;          /* another generation's event came meanwhile */
    const char *outcome; /* known, and perhaps not written yet */
    int64_t delay_ms;
    struct received *received;
};

/* A message from Kafka; it is done when each part of it is. */
struct received {
    struct invitations *invitations;
    unsigned parts;
    char topic[64];
    int32_t partition;
    int64_t offset;
    char *letter; /* its dead letter, while that is being written: nobody can handle it */
    struct loop_timer *retry;
};

/* handle.c */
void handle_message(void *user, const struct kafka_message *m);
struct received *received_hold(struct received *r);
void received_done(struct received *r);
/* The dead letter was written: the partition moves on; or not (error): it is written again. */
void received_buried(void *received, const char *error);

/* store.c: the only file that speaks Redis. */
void store_record(struct mail *m, redis_fn fn);
void store_outcome(struct mail *m, redis_fn fn);

/* bus.c: the only file that names topics. */
struct kafka *bus_new(struct invitations *i);
/* 0, then received_buried() later; -1: not now. */
int bus_dead_letter(struct received *r);
/* Is it what is due (beistand.mail), not an event of the journal? */
bool bus_is_due(const struct kafka_message *m);

/* smtp.c: libcurl in a thread of its own; done runs on the loop thread. */
struct smtp;
enum smtp_result { SMTP_SENT, SMTP_LATER, SMTP_REJECTED };
typedef void (*smtp_fn)(void *user, enum smtp_result result, const char *error);
struct smtp *smtp_new(struct loop *l, const char *url);
void smtp_free(struct smtp *s);
/* message is taken. from and to: plain addresses. */
void smtp_send(struct smtp *s, const char *from, const char *to, char *message, smtp_fn done, void *user);

#endif
