/* See webhook.h. An event: are there webhooks? → their deliveries are made → those that are first in their queue are sent.
 * A delivery: taken (claimed) → sent → what came of it is noted → the next of its queue. */
#include "webhook.h"

#include "common/failpoint.h"
#include "common/fetch.h"
#include "common/json.h"
#include "common/log.h"
#include "common/random.h"
#include "common/seal.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 2000, CLAIM_SLACK_MS = 5000, ERROR_MAX = 200 };

/* ---- deliveries in work ---- */

struct delivery {
    struct delivery *next;
    struct invitations *invitations;
    struct loop_timer *retry;
    char webhook[ID_SIZE], id[WEBHOOK_ID_SIZE], claim[33];
    int bucket;
    unsigned attempts; /* before this one */
    int64_t started;   /* loop time */
    json_t *outcome;   /* known and not noted yet */
};

static void start(struct invitations *i, const char *webhook, const char *id);

static size_t sending_to(const struct invitations *i, const char *webhook, size_t *all)
{
    size_t n = 0;
    *all = 0;
    for (const struct delivery *d = i->sending; d; d = d->next) {
        n += strcmp(d->webhook, webhook) == 0;
        (*all)++;
    }
    return n;
}

static bool may_send(const struct invitations *i, const char *webhook)
{
    size_t all, n = sending_to(i, webhook, &all);
    return n < WEBHOOK_SENDING_EACH && all < WEBHOOK_SENDING_MAX;
}

static void unlink_delivery(struct delivery **list, struct delivery *d)
{
    while (*list != d)
        list = &(*list)->next;
    *list = d->next;
}

static void delivery_free(struct delivery *d)
{
    loop_timer_free(d->retry);
    json_decref(d->outcome);
    free(d);
}

static void take(struct delivery *d);

/* Whoever waits longest and whose webhook has room. */
static void send_waiting(struct invitations *i)
{
    struct delivery **at = &i->waiting;
    while (*at && !i->service.draining) {
        struct delivery *d = *at;
        if (!may_send(i, d->webhook)) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        i->n_waiting--;
        d->next = i->sending;
        i->sending = d;
        take(d);
        return;
    }
}

/* following: the id that is first in the queue now; "" none. */
static void finish(struct delivery *d, const char *following)
{
    struct invitations *i = d->invitations;
    unlink_delivery(&i->sending, d);
    if (*following)
        start(i, d->webhook, following);
    delivery_free(d);
    send_waiting(i);
}

/* ---- what came of it ---- */

static void note(void *user);

static const char *reply_text(const redisReply *reply, size_t i)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements && reply->element[i]->type == REDIS_REPLY_STRING
               ? reply->element[i]->str
               : "";
}

static void on_noted(void *user, const redisReply *reply)
{
    struct delivery *d = user;
    if (!reply) { /* Redis is lost: the outcome is known, so it is not sent again before that is tried */
        loop_timer_set(d->retry, REDIS_RETRY_MS);
        return;
    }
    failpoint("invitations.noted");
    char following[WEBHOOK_ID_SIZE];
    snprintf(following, sizeof following, "%s", reply_text(reply, 0));
    finish(d, following);
}

static void note(void *user)
{
    struct delivery *d = user;
    store_webhook(d->invitations, d->bucket, "webhook", d->webhook, json_incref(d->outcome), on_noted, d);
}

/* Valid UTF-8 of at most max bytes, whatever a receiver answered. */
static json_t *some_text(const char *text, size_t max)
{
    char copy[WEBHOOK_ANSWER_MAX + 1];
    size_t n = 0;
    for (; text[n] && n < max && n < sizeof copy - 1; n++)
        copy[n] = text[n] == '\n' || text[n] == '\t' || (unsigned char)text[n] >= 0x20 ? text[n] : ' ';
    copy[n] = '\0';
    json_t *value = json_string(copy);
    for (size_t k = 0; !value && k < n; k++)
        if ((unsigned char)copy[k] >= 0x80)
            copy[k] = '?';
    return value ? value : json_string(copy);
}

static void set_outcome(struct delivery *d, long status, const char *error, const char *answer)
{
    struct invitations *i = d->invitations;
    uint16_t random;
    char labels[48];
    random_fill(&random, sizeof random);
    int64_t delay = webhook_delay(i->schedule, i->n_schedule, d->attempts + 1, random % 10000);
    bool good = status >= 200 && status < 300;
    d->outcome = json_pack("{ss ss ss sI sI so so sI sb sI}", "verb", "done", "id", d->id, "claim", d->claim, "status",
                           (json_int_t)status, "ms", (json_int_t)(loop_now_ms(i->service.loop) - d->started), "error",
                           some_text(error, ERROR_MAX), "answer", some_text(answer, WEBHOOK_ANSWER_MAX), "delay_ms",
                           (json_int_t)delay, "gone", status == 410, "disable_ms",
                           (json_int_t)i->settings.webhook_disable_ms);
    snprintf(labels, sizeof labels, "outcome=\"%s\"", good ? "delivered" : delay < 0 ? "given_up" : "again");
    metric_add("beistand_webhooks_total", labels, 1);
    log_event(good ? LOG_INFO : LOG_WARN, "webhook", "webhook", d->webhook, "delivery", d->id, "outcome",
              good ? "delivered" : delay < 0 ? "given_up" : "again", "error", error, NULL);
    note(d);
}

static void on_answer(void *user, long status, const char *body, size_t size)
{
    struct delivery *d = user;
    (void)size;
    failpoint("invitations.posted");
    if (status == 0)
        set_outcome(d, 0, body, "");
    else
        set_outcome(d, status, status >= 200 && status < 300 ? "" : "the answer was not 2xx", body);
}

/* ---- sending ---- */

static void post(struct delivery *d, const char *url, const char *body, const char *secret, const char *previous)
{
    struct invitations *i = d->invitations;
    char signature[WEBHOOK_SIGNATURES_SIZE], h_id[96], h_time[64], h_signature[160];
    int64_t now = wall_now_ms() / 1000;
    d->started = loop_now_ms(i->service.loop);
    if (webhook_sign(signature, secret, previous, d->id, now, body) != 0) {
        set_outcome(d, 0, "the secret cannot be used", "");
        return;
    }
    snprintf(h_id, sizeof h_id, "webhook-id: %s", d->id);
    snprintf(h_time, sizeof h_time, "webhook-timestamp: %" PRId64, now);
    snprintf(h_signature, sizeof h_signature, "webhook-signature: %s", signature);
    const char *headers[] = {h_id, h_time, h_signature, NULL};
    struct fetch_request r = {.url = url, .json = body, .headers = headers, .keep = WEBHOOK_ANSWER_MAX};
    if (!fetch(i->fetcher, &r, on_answer, d))
        set_outcome(d, 0, "too many requests are running", "");
}

static char *open_secret(const struct delivery *d, const char *sealed)
{
    char place[64];
    snprintf(place, sizeof place, "webhook:%s", d->webhook);
    return seal_open(d->invitations->seal_keys, place, sealed);
}

static void wipe(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

/* {'send', body, url, secret, previous, previous_until, attempts, type} */
static void send_taken(struct delivery *d, const redisReply *reply)
{
    bool overlap = strtoll(reply_text(reply, 5), NULL, 10) > wall_now_ms();
    char *secret = open_secret(d, reply_text(reply, 3));
    char *previous = overlap ? open_secret(d, reply_text(reply, 4)) : NULL;
    d->attempts = (unsigned)strtoul(reply_text(reply, 6), NULL, 10);
    failpoint("invitations.taken");
    if (secret)
        post(d, reply_text(reply, 2), reply_text(reply, 1), secret, previous);
    else
        set_outcome(d, 0, "the key that sealed the secret is not loaded", "");
    wipe(secret);
    wipe(previous);
}

static void on_taken(void *user, const redisReply *reply)
{
    struct delivery *d = user;
    char following[WEBHOOK_ID_SIZE];
    if (strcmp(reply_text(reply, 0), "send") == 0) {
        send_taken(d, reply);
        return;
    }
    snprintf(following, sizeof following, "%s", reply_text(reply, 1)); /* of one that is switched off */
    finish(d, following);
}

static void take(struct delivery *d)
{
    const struct invitations *i = d->invitations;
    random_hex(d->claim, 16);
    store_webhook(d->invitations, d->bucket, "webhook", d->webhook,
                  json_pack("{ss ss ss sI}", "verb", "take", "id", d->id, "claim", d->claim, "claim_ms",
                            (json_int_t)(i->settings.webhook_timeout_ms + CLAIM_SLACK_MS)),
                  on_taken, d);
}

static bool known(const struct delivery *list, const char *webhook, const char *id)
{
    for (; list; list = list->next)
        if (strcmp(list->webhook, webhook) == 0 && strcmp(list->id, id) == 0)
            return true;
    return false;
}

/* At once when there is room, else when there is; what does not even fit in the waiting list comes at its due time. */
static void start(struct invitations *i, const char *webhook, const char *id)
{
    int bucket = bucket_of_id(webhook);
    bool now = may_send(i, webhook);
    if (i->service.draining || bucket < 0 || strlen(id) >= WEBHOOK_ID_SIZE || known(i->sending, webhook, id) || known(i->waiting, webhook, id) ||
        (!now && i->n_waiting >= WEBHOOK_WAITING_MAX))
        return;
    struct delivery *d = calloc(1, sizeof *d);
    if (!d)
        return;
    *d = (struct delivery){.invitations = i, .bucket = bucket};
    snprintf(d->webhook, sizeof d->webhook, "%s", webhook);
    snprintf(d->id, sizeof d->id, "%s", id);
    d->retry = loop_timer_new(i->service.loop, note, d);
    if (now) {
        d->next = i->sending;
        i->sending = d;
        take(d);
        return;
    }
    struct delivery **end = &i->waiting;
    while (*end)
        end = &(*end)->next;
    *end = d;
    i->n_waiting++;
}

/* ---- an event ---- */

struct news {
    struct invitations *invitations;
    struct received *received;
    struct loop_timer *retry;
    json_t *event; /* becomes body once somebody wants to hear it */
    char *body;
    char company[ID_SIZE], session[ID_SIZE], type[64], id[WEBHOOK_ID_SIZE];
};

static void ask(void *user);

static void news_free(struct news *n)
{
    received_done(n->received);
    loop_timer_free(n->retry);
    json_decref(n->event);
    free(n->body);
    free(n);
}

static void on_enqueued(void *user, const redisReply *reply)
{
    struct news *n = user;
    if (!reply) {
        loop_timer_set(n->retry, REDIS_RETRY_MS);
        return;
    }
    failpoint("invitations.enqueued");
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        start(n->invitations, reply_text(reply, i), n->id);
    news_free(n);
}

static void on_exist(void *user, const redisReply *reply)
{
    struct news *n = user;
    if (!reply) {
        loop_timer_set(n->retry, REDIS_RETRY_MS);
        return;
    }
    if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 && !n->body)
        n->body = webhook_body(n->event, n->id);
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer == 0 || !n->body) {
        news_free(n);
        return;
    }
    store_webhook(n->invitations, bucket_of_id(n->company), "company", n->company,
                  json_pack("{ss ss ss ss ss ss}", "verb", "enqueue", "company", n->company, "id", n->id, "type", n->type,
                            "session", n->session, "body", n->body),
                  on_enqueued, n);
}

static void ask(void *user)
{
    struct news *n = user;
    store_hooks_exist(n->invitations, n->company, on_exist, n);
}

static void take_news(struct invitations *i, json_t *event, const char *event_id, struct received *r)
{
    const char *session = json_text(event, "session", ""), *company = json_text(event, "company", "");
    bool wanted = bucket_of_id(company) >= 0 && *event_id && strlen(event_id) < WEBHOOK_ID_SIZE && webhook_wants(event);
    struct news *n = wanted ? calloc(1, sizeof *n) : NULL;
    if (!n)
        return;
    *n = (struct news){.invitations = i, .received = received_hold(r), .event = json_incref(event)};
    snprintf(n->company, sizeof n->company, "%s", company);
    snprintf(n->session, sizeof n->session, "%s", *session ? session : "-");
    snprintf(n->type, sizeof n->type, "%s", json_text(event, "type", ""));
    snprintf(n->id, sizeof n->id, "%s", event_id);
    n->retry = loop_timer_new(i->service.loop, ask, n);
    ask(n);
}

void webhooks_take(struct invitations *i, json_t *event, const char *event_id, struct received *r)
{
    if (strcmp(json_text(event, "type", ""), "webhook.send") == 0)
        start(i, json_text(event, "webhook", ""), json_text(event, "delivery", ""));
    else
        take_news(i, event, event_id, r);
}

/* ---- start and end ---- */

int webhooks_schedule(struct invitations *i, const char *text)
{
    while (*text && i->n_schedule < SCHEDULE_MAX) {
        char *end;
        int64_t ms = strtoll(text, &end, 10);
        if (end == text || ms < 1 || ms > (int64_t)30 * 86400000 || (*end && *end != ','))
            break;
        i->schedule[i->n_schedule++] = ms;
        text = end + (*end == ',');
    }
    if (!*text)
        return 0;
    log_event(LOG_ERROR, "webhook_schedule_invalid", "expected", "at most 16 numbers of milliseconds with commas between", NULL);
    return -1;
}

void webhooks_free(struct invitations *i)
{
    while (i->waiting || i->sending) {
        struct delivery **list = i->waiting ? &i->waiting : &i->sending, *d = *list;
        *list = d->next;
        delivery_free(d);
    }
}
