/* Deliveries to webhooks, as the Standard Webhooks specification has them (docs/decisions/0042). What is to be delivered,
 * in which order and when again is state in Redis (proto/lua/webhook.lua); here it is only sent. At least once: a delivery
 * that was claimed and not noted as done comes again. */
#ifndef BEISTAND_INVITATIONS_WEBHOOK_H
#define BEISTAND_INVITATIONS_WEBHOOK_H

#include "invitations.h"

enum {
    WEBHOOK_BODY_MAX = 16384,
    WEBHOOK_ANSWER_MAX = 1024,  /* of what the receiver answers, kept */
    WEBHOOK_SENDING_MAX = 48,   /* at once in this process */
    WEBHOOK_SENDING_EACH = 4,   /* of these to one webhook: a slow receiver delays only itself */
    WEBHOOK_WAITING_MAX = 1024, /* more are asked for again by their due times */
    WEBHOOK_ID_SIZE = 64,
    WEBHOOK_SIGNATURES_SIZE = 2 * 48 + 2,
};

/* webhook.c: the event's deliveries are made; or one that is due is sent. */
void webhooks_take(struct invitations *i, json_t *event, const char *event_id, struct received *r);
/* The list "5000,300000,…" of milliseconds. 0, or -1 after a line in the log. */
int webhooks_schedule(struct invitations *i, const char *text);
void webhooks_free(struct invitations *i);

/* webhook_body.c (pure): is the event news to any webhook? */
bool webhook_wants(const json_t *event);
/* webhook_body.c (pure): what is delivered, malloc'ed; NULL when the event is no news, or larger than WEBHOOK_BODY_MAX. */
char *webhook_body(const json_t *event, const char *event_id);

/* webhook_sign.c (pure): "v1,base64" of HMAC-SHA256 over id.timestamp.body, for each secret (previous: NULL or ""), with a
 * blank between. Secrets are whsec_ and base64. 0, or -1 when one is malformed. */
int webhook_sign(char out[WEBHOOK_SIGNATURES_SIZE], const char *secret, const char *previous, const char *id, int64_t seconds,
                 const char *body);
/* webhook_sign.c (pure): wait before the next try, -1: there is none. tries: made so far, at least 1; random: 0…9999. */
int64_t webhook_delay(const int64_t *schedule, size_t n, unsigned tries, unsigned random);

/* store_webhooks.c */
void store_hooks_exist(struct invitations *i, const char *company, redis_fn fn, void *user);
/* key: last two parts of the Redis key ("company:{cid}", "webhook:{wid}"); wish is let go. */
void store_webhook(struct invitations *i, int bucket, const char *kind, const char *name, json_t *wish, redis_fn fn, void *user);

#endif
