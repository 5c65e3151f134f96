/* Invitations sends the customer's mail. The journal says that one is due; a due time in Redis says it again when the
 * message was lost. Before anything is sent the record is read: who was sent already is not sent twice. */
#ifndef BEISTAND_INVITATIONS_H
#define BEISTAND_INVITATIONS_H

#include "common/derive.h"
#include "common/kafka.h"
#include "common/redis.h"
#include "common/service.h"
#include "common/settings.h"
#include "compose.h"

enum { TRIES_MAX = 8, FIRST_RETRY_MS = 30000, RETRY_MAX_MS = 900000, REDIS_RETRY_MS = 500 };

struct invitations_settings {
    struct common_settings common;
    const char *smtp_url, *mail_from, *origin, *secret_keys;
    int64_t retry_ms;
};

struct invitations {
    struct service service;
    struct invitations_settings settings;
    struct redis *redis;
    struct kafka *kafka;
    struct secret_keys *keys;
    struct smtp *smtp;
    struct mail *working; /* list */
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
    char topic[64];
    int32_t partition;
    int64_t offset;
};

/* handle.c */
void handle_message(void *user, const struct kafka_message *m);

/* store.c: the only file that speaks Redis. */
void store_record(struct mail *m, redis_fn fn);
void store_outcome(struct mail *m, redis_fn fn);

/* bus.c: the only file that names topics. */
struct kafka *bus_new(struct invitations *i);

/* smtp.c: libcurl in a thread of its own; done runs on the loop thread. */
struct smtp;
enum smtp_result { SMTP_SENT, SMTP_LATER, SMTP_REJECTED };
typedef void (*smtp_fn)(void *user, enum smtp_result result, const char *error);
struct smtp *smtp_new(struct loop *l, const char *url);
void smtp_free(struct smtp *s);
/* message is taken. from and to: plain addresses. */
void smtp_send(struct smtp *s, const char *from, const char *to, char *message, smtp_fn done, void *user);

#endif
