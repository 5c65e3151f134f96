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
                 json_pack("{ss so ss ss sI sI}", "status", json_text(r, "state", ""), "reason",
                           *reason ? json_string(reason) : json_null(), "technician",
                           json_text(r, "technician_name", ""), "company", json_text(r, "company_name", ""), "expires_at",
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

/* What a program may tell. Set-up: it stands in the session's record until it is overcome. The others are refusals at
 * the PC that no server saw: they are counted and journaled like any other. */
static const struct {
    const char *event, *kind, *check, *value;
} reports[] = {
    {"account_failed", "set_up", "set_up", "failed"},
    {"service_failed", "set_up", "set_up", "failed"},
    {"password_refused_by_policy", "set_up", "set_up", "failed"},
    {"network_blocked", "set_up", "network", "failed"},
    {"network_restored", "overcome", "network", "ok"},
    {"paired", "overcome", "set_up", "ok"},
    {"code_invalid", "event", NULL, NULL},
    {"password_wrong", "event", NULL, NULL},
    {"plan_excludes_feature", "event", NULL, NULL},
    {"permission_missing", "event", NULL, NULL},
    {"feature_unavailable", "event", NULL, NULL},
    {"consent_refused", "event", NULL, NULL},
    {"ticket_invalid", "event", NULL, NULL},
    {"ended_by_customer", NULL, NULL, NULL},
};

static void on_told(void *user, const redisReply *reply)
{
    struct call *c = user;
    char labels[96];
    if (reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1 && *c->reason) {
        snprintf(labels, sizeof labels, "reason=\"%s\"", c->reason);
        metric_add("beistand_refusals_total", labels, 1);
    }
    on_done(user, reply);
}

static void report(struct call *c)
{
    size_t i = 0;
    const char *event = json_text(c->body, "event", "");
    while (strcmp(reports[i].event, event) != 0)
        i++;
    log_event(LOG_INFO, "program_report", "session", c->session, "event", event, NULL);
    if (!reports[i].kind) {
        store_end(c, event, on_done);
        return;
    }
    bool is_reason = strcmp(reports[i].kind, "overcome") != 0;
    c->reason = is_reason ? reports[i].event : "";
    c->detail = is_reason ? json_text(c->body, "detail", "") : "";
    if (reports[i].check)
        c->checks = json_pack("{ss}", reports[i].check, reports[i].value);
    store_report(c, strcmp(event, "paired") == 0, reports[i].kind, on_told);
}

void handle_session_report(struct call *c)
{
    static const char *const members[] = {"event", "detail", NULL};
    const char *event, *detail;
    if (json_unknown_member(c->body, members) || json_field(c->body, "event", 64, &event) != 0 ||
        json_field(c->body, "detail", 500, &detail) != 0 || !event) {
        call_refuse(c, "invalid_request", "event is needed.");
        return;
    }
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        if (strcmp(reports[i].event, event) != 0)
            continue;
        with_agent(c, report);
        return;
    }
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
