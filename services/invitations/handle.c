/* From an event to a mail and its outcome. */
#include "webhook.h"

#include "common/dead_letter.h"
#include "common/failpoint.h"
#include "common/json.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(void *user);

static void mail_finish(struct mail *m)
{
    struct invitations *i = m->invitations;
    struct mail **at = &i->working;
    if (m->again) { /* "send again" came while the mail before it was on its way */
        m->again = m->asked = false;
        m->outcome = NULL;
        start(m);
        return;
    }
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    received_done(m->received);
    loop_timer_free(m->retry);
    json_decref(m->record);
    free(m);
}

static void on_outcome(void *user, const redisReply *reply)
{
    struct mail *m = user;
    if (reply) {
        failpoint("invitations.stored");
        mail_finish(m);
        return;
    }
    loop_timer_set(m->retry, REDIS_RETRY_MS);
}

/* Twice the wait each time, then it is given up for good. */
static void plan_retry(struct mail *m)
{
    const struct invitations *i = m->invitations;
    int tries = atoi(json_text(m->record, "mail_tries", "0"));
    m->outcome = tries + 1 >= TRIES_MAX ? "mail_rejected" : "mail_delayed";
    m->delay_ms = i->settings.retry_ms;
    while (tries-- > 0 && m->delay_ms < RETRY_MAX_MS)
        m->delay_ms *= 2;
}

static void on_sent(void *user, enum smtp_result result, const char *error)
{
    struct mail *m = user;
    failpoint("invitations.sent");
    if (result == SMTP_SENT)
        m->outcome = "sent";
    else if (result == SMTP_REJECTED)
        m->outcome = "mail_rejected";
    else
        plan_retry(m);
    char labels[64];
    snprintf(labels, sizeof labels, "outcome=\"%s\"", m->outcome);
    metric_add("beistand_mails_total", labels, 1);
    log_event(result == SMTP_SENT ? LOG_INFO : LOG_WARN, "mail", "session", m->session, "outcome", m->outcome, "error",
              result == SMTP_SENT ? "" : error, NULL);
    store_outcome(m, on_outcome);
}

static void send_mail(struct mail *m)
{
    const struct invitations *i = m->invitations;
    const json_t *r = m->record;
    char token[LINK_TOKEN_SIZE], typed[LINK_TYPED_SIZE], link[512], id[128], from[256];
    unsigned generation = (unsigned)strtoul(m->generation, NULL, 10);
    if (derive_link_token(i->keys, json_text(r, "kid", ""), m->session, generation, token) != 0) {
        log_event(LOG_ERROR, "secret_key_unknown", "session", m->session, NULL);
        plan_retry(m);
        store_outcome(m, on_outcome);
        return;
    }
    const char *host = strstr(i->settings.origin, "://");
    host = host ? host + 3 : i->settings.origin;
    link_token_typed(typed, token);
    snprintf(link, sizeof link, "%s/i/%s#%s", i->settings.origin, m->session, typed);
    snprintf(id, sizeof id, "%s.%s@%.*s", m->session, m->generation, (int)strcspn(host, ":/"), host);
    struct invitation_mail mail = {.from = i->settings.mail_from,
                                   .to = json_text(r, "customer_email", ""),
                                   .customer_name = json_text(r, "customer_name", ""),
                                   .technician = json_text(r, "technician_name", ""),
                                   .company = json_text(r, "company_name", ""),
                                   .contact = json_text(r, "company_contact", ""),
                                   .link = link,
                                   .typed_token = typed,
                                   .message_id = id,
                                   .now_ms = wall_now_ms(),
                                   .expires_ms = strtoll(json_text(r, "invitation_expires_at", "0"), NULL, 10),
                                   .language = language_from_tag(json_text(r, "language", "en"))};
    compose_address(from, sizeof from, i->settings.mail_from);
    smtp_send(i->smtp, from, mail.to, compose_invitation(&mail), on_sent, m);
}

/* asked: its due time has come. A delayed mail waits for that, whatever else happens to the session. */
static bool is_due(const json_t *record, bool asked)
{
    const char *state = json_text(record, "mail_state", "");
    return strcmp(json_text(record, "state", ""), "invited") == 0 &&
           (strcmp(state, "queued") == 0 || (asked && strcmp(state, "mail_delayed") == 0));
}

static void on_record(void *user, const redisReply *reply)
{
    struct mail *m = user;
    if (!reply) {
        loop_timer_set(m->retry, REDIS_RETRY_MS);
        return;
    }
    json_decref(m->record);
    m->record = hash_object(reply);
    if (!m->record || !is_due(m->record, m->asked)) {
        mail_finish(m);
        return;
    }
    snprintf(m->generation, sizeof m->generation, "%s", json_text(m->record, "generation", "0"));
    send_mail(m);
}

/* Also after Redis was lost: an outcome that is known is written first. */
static void start(void *user)
{
    struct mail *m = user;
    failpoint("invitations.received");
    if (m->outcome)
        store_outcome(m, on_outcome);
    else
        store_record(m, on_record);
}

static struct mail *in_work(const struct invitations *i, const char *session)
{
    struct mail *m = i->working;
    while (m && strcmp(m->session, session) != 0)
        m = m->next;
    return m;
}

/* ---- a message may have two parts: mail and webhooks; it is done when both are ---- */

static struct received *received_new(struct invitations *i, const struct kafka_message *m)
{
    struct received *r = calloc(1, sizeof *r);
    if (!r)
        abort(); /* a hundred bytes: there is nothing left to do without */
    *r = (struct received){.invitations = i, .partition = m->partition, .offset = m->offset, .parts = 1};
    snprintf(r->topic, sizeof r->topic, "%s", m->topic);
    return r;
}

struct received *received_hold(struct received *r)
{
    r->parts++;
    return r;
}

void received_done(struct received *r)
{
    if (--r->parts > 0)
        return;
    kafka_done(r->invitations->kafka, r->topic, r->partition, r->offset);
    loop_timer_free(r->retry);
    free(r->letter);
    free(r);
}

/* ---- what nobody can handle ---- */

static void bury(void *user)
{
    struct received *r = user;
    if (bus_dead_letter(r) != 0)
        received_buried(r, "no room");
}

void received_buried(void *user, const char *error)
{
    struct received *r = user;
    if (!error) {
        received_done(r);
        return;
    }
    log_event(LOG_WARN, "dead_letter_delayed", "error", error, NULL);
    loop_timer_set(r->retry, REDIS_RETRY_MS);
}

static void dead(struct received *r, const struct kafka_message *message, const char *why)
{
    log_event(LOG_ERROR, "message_dead", "topic", message->topic, "id", message->id, "why", why, NULL);
    metric_add("beistand_dead_letters_total", "", 1);
    r->letter = dead_letter(message, "invitations", why);
    r->retry = loop_timer_new(r->invitations->service.loop, bury, r);
    if (!r->letter || !r->retry)
        abort(); /* nothing is left to do without memory; it is delivered again */
    bury(received_hold(r));
}

/* NULL when it is what proto/events/ says, as far as it is read here. An event of no session has none. */
static const char *malformed(const json_t *event, bool due)
{
    const char *type = json_text(event, "type", "");
    bool mail = strcmp(type, "mail.send") == 0, webhook = strcmp(type, "webhook.send") == 0;
    const json_t *record = json_object_get(event, "record");
    if (due && !mail && !webhook)
        return "unknown type";
    if (mail)
        return bucket_of_id(json_text(event, "session", "")) < 0 ? "no session id" : NULL;
    if (webhook)
        return bucket_of_id(json_text(event, "webhook", "")) < 0 || !*json_text(event, "delivery", "") ? "no delivery id" : NULL;
    if (!*type)
        return "no type";
    if (bucket_of_id(json_text(event, "company", "")) < 0)
        return "no company id";
    if (json_object_get(event, "session") && bucket_of_id(json_text(event, "session", "")) < 0)
        return "no session id";
    return record && !json_is_object(record) ? "record is no object" : NULL;
}

static void mail_start(struct invitations *i, const char *session, bool asked, struct received *r)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        return;
    *m = (struct mail){.next = i->working, .invitations = i, .asked = asked, .bucket = bucket_of_id(session),
                       .received = received_hold(r)};
    snprintf(m->session, sizeof m->session, "%s", session);
    m->retry = loop_timer_new(i->service.loop, start, m);
    i->working = m;
    start(m);
}

static void take_mail(struct invitations *i, const json_t *event, struct received *r)
{
    const char *session = json_text(event, "session", "");
    const char *type = json_text(event, "type", "");
    bool asked = strcmp(type, "mail.send") == 0;
    bool news = !json_object_get(event, "refused") && strcmp(type, "session.journaled") != 0;
    bool wanted = bucket_of_id(session) >= 0 && (asked || (news && is_due(json_object_get(event, "record"), false)));
    struct mail *working = wanted ? in_work(i, session) : NULL;
    if (working && !asked)
        working->again = true;
    if (wanted && !working)
        mail_start(i, session, asked, r);
}

void handle_message(void *user, const struct kafka_message *message)
{
    struct invitations *i = user;
    char error[128];
    json_t *event = json_read(message->value, message->size, error);
    struct received *r = received_new(i, message);
    const char *why = event ? malformed(event, bus_is_due(message)) : error;
    if (why) {
        dead(r, message, why);
    } else {
        take_mail(i, event, r);
        webhooks_take(i, event, message->id, r);
    }
    received_done(r);
    json_decref(event);
}
