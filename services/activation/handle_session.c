/* After the activation: the program asks how its session stands, reports, ends it, proves its removal. */
#include "activation.h"

#include "common/log.h"
#include "proto/c/b64url.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIPT_MAX = 8192, KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

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

static bool signature_holds(const json_t *record, const char *receipt, const char *signature_text)
{
    static const char label[] = "beistand receipt v1"; /* its NUL is signed too */
    uint8_t key[KEY_BYTES], signature[SIGNATURE_BYTES], message[sizeof label + RECEIPT_MAX];
    size_t n = strlen(receipt);
    if (b64url_decode(key, sizeof key, json_text(record, "receipt_key", "")) != KEY_BYTES ||
        b64url_decode(signature, sizeof signature, signature_text) != SIGNATURE_BYTES || n > RECEIPT_MAX)
        return false;
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, receipt, n);
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, sizeof key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = public && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) == 1 &&
              EVP_DigestVerify(ctx, signature, sizeof signature, message, sizeof label + n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    return ok;
}

/* The receipt is for this session and not for another one of the same PC. */
static bool names_session(const char *receipt, const char *session)
{
    char error[128];
    uint8_t text[RECEIPT_MAX];
    int n = (int)b64url_decode(text, sizeof text, receipt);
    json_t *json = n > 0 ? json_read((char *)text, (size_t)n, error) : NULL;
    bool same = strcmp(json_text(json, "session", ""), session) == 0;
    json_decref(json);
    return same;
}

static void on_removed(void *user, const redisReply *reply)
{
    struct call *c = user;
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
    const char *receipt = json_text(c->body, "receipt", "");
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!c->record)
        call_refuse(c, "not_found", NULL);
    else if (!names_session(receipt, c->session) ||
             !signature_holds(c->record, receipt, json_text(c->body, "signature", "")))
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
