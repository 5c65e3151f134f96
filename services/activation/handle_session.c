/* After the activation: the program asks how its session stands, reports, ends it, proves its removal. */
#include "activation.h"

#include "common/failpoint.h"
#include "common/log.h"
#include "receipt.h"

#include <stdlib.h>
#include <string.h>

/* ---- GET: how it stands ---- */

static void respond_state(struct call *c)
{
    const json_t *r = c->record;
    const char *reason = json_text(r, "reason", "");
    respond_json(c->request, 200,
                 json_pack("{ss so sI sI}", "status", json_text(r, "state", ""), "reason",
                           *reason ? json_string(reason) : json_null(), "expires_at",
                           (json_int_t)strtoll(json_text(r, "expires_at", "0"), NULL, 10), "server_time",
                           (json_int_t)wall_now_ms()));
}

void handle_session(struct call *c)
{
    with_agent(c, respond_state);
}

/* ---- reports ---- */

static void on_done(void *user, const redisReply *reply)
{
    struct call *c = user;
    failpoint("activation.reported");
    if (reply && reply->type != REDIS_REPLY_ERROR)
        respond_empty(c);
    else
        call_refuse(c, "unavailable", NULL);
}

static void report(struct call *c)
{
    const char *event = json_text(c->body, "event", "");
    log_event(LOG_INFO, "program_report", "session", c->session, "event", event, NULL);
    if (strcmp(event, "paired") == 0)
        store_report(c, "{\"set_up\":\"ok\"}", true, on_done);
    else if (strcmp(event, "ended_by_customer") == 0)
        store_end(c, "ended_by_customer", on_done);
    else
        store_report(c, "{\"set_up\":\"failed\"}", false, on_done);
}

void handle_session_report(struct call *c)
{
    static const char *const members[] = {"event", "detail", NULL};
    static const char *const events[] = {"paired", "ended_by_customer", "account_failed", "service_failed",
                                         "password_refused_by_policy", NULL};
    const char *event, *detail;
    const char *const *known = events;
    if (json_unknown_member(c->body, members) || json_field(c->body, "event", 64, &event) != 0 ||
        json_field(c->body, "detail", 500, &detail) != 0 || !event) {
        call_refuse(c, "invalid_request", "event is needed.");
        return;
    }
    while (*known && strcmp(*known, event) != 0)
        known++;
    if (*known)
        with_agent(c, report);
    else
        call_refuse(c, "invalid_request", "event is not known.");
}

/* ---- the removal receipt ---- */

static void on_removed(void *user, const redisReply *reply)
{
    struct call *c = user;
    failpoint("activation.removed");
    if (!reply || reply->type != REDIS_REPLY_STRING)
        call_refuse(c, "unavailable", NULL);
    else if (strcmp(reply->str, "ok") == 0 || strcmp(reply->str, "already") == 0)
        respond_empty(c);
    else
        call_refuse(c, reply->str, NULL);
}

static void on_receipt_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!c->record)
        call_refuse(c, "not_found", NULL);
    else if (!receipt_holds(json_text(c->body, "receipt", ""), json_text(c->body, "signature", ""),
                            json_text(c->record, "receipt_key", ""), c->session))
        call_refuse(c, "unauthenticated", "The receipt's signature does not hold.");
    else
        store_removed(c, on_removed);
}

void handle_receipt(struct call *c)
{
    const char *receipt, *signature;
    if (json_field(c->body, "receipt", RECEIPT_MAX, &receipt) != 0 || !receipt ||
        json_field(c->body, "signature", 128, &signature) != 0 || !signature)
        call_refuse(c, "invalid_request", "receipt and signature are needed.");
    else
        store_record(c, on_receipt_record);
}
