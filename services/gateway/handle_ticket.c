/* POST /v1/sessions/{id}/tickets: a one-use ticket for the relay, and the signed claims the program checks
 * (proto/channel.md section 2). */
#include "audit.h"

#include "claims.h"
#include "common/failpoint.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_stored(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_STATUS) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    failpoint("gateway.ticket");
    json_t *answer = c->parts;
    c->parts = NULL;
    respond_json(c->request, 201, answer);
}

static char *make_claims(const struct call *c, const char *conn_id, const char *mode, int64_t now)
{
    const struct principal *p = &c->who;
    json_t *grant = grant_claims(p);
    struct claims claims = {.session = c->session,
                            .conn_id = conn_id,
                            .technician = p->technician,
                            .technician_name = json_text(p->person, "name", ""),
                            .company_name = json_text(p->firm, "name", ""),
                            .mode = mode,
                            .grant = grant,
                            .iat_ms = now,
                            .exp_ms = now + TICKET_TTL_S * 1000};
    char *text = claims_text(&claims);
    json_decref(grant);
    return text;
}

static void issue_ticket(struct call *c)
{
    struct gateway *g = c->gateway;
    char conn_id[ID_SIZE], ticket[SECRET_SIZE], signature[CLAIMS_SIGNATURE_SIZE], exp[24], url[512];
    const char *mode = json_text(c->body, "mode", "connect");
    int64_t now = wall_now_ms();
    new_id(conn_id, c->who.bucket);
    new_secret(ticket, c->who.bucket);
    char *claims = make_claims(c, conn_id, mode, now);
    if (!claims || claims_sign(g->signing_key, claims, signature) != 0) {
        free(claims);
        call_refuse(c, "unavailable", NULL);
        return;
    }
    snprintf(exp, sizeof exp, "%lld", (long long)(now + TICKET_TTL_S * 1000));
    json_t *stored = json_pack("{ss ss ss ss ss ss sI}", "session", c->session, "technician", c->who.technician, "credential",
                               c->who.credential, "conn_id", conn_id, "claims", claims, "signature", signature, "exp",
                               (json_int_t)(now + TICKET_TTL_S * 1000));
    /* wss where the origin is https, ws where it is http (behind another edge). */
    snprintf(url, sizeof url, "ws%s/relay/c/%s", g->settings.origin + 4, conn_id);
    c->parts = json_pack("{ss ss ss ss ss so}", "relay_url", url, "ticket", ticket, "conn_id", conn_id,
                         "claims", claims, "mode", mode, "expires_at", time_view(exp));
    char *text = json_compact(stored);
    note(c, "audit.ticket_issued", c->session,
         json_pack("{ss ss ss}", "feature", json_text(c->body, "feature", ""), "mode", mode, "conn_id", conn_id));
    store_ticket(c, ticket, text, on_stored);
    free(text);
    json_decref(stored);
    free(claims);
}

/* S-33: the last that is known, and what to ask the customer for. */
static json_t *offline_view(const json_t *record)
{
    const char *last_state = json_text(record, "last_state", "");
    return json_pack("{so so s[sss]}", "last_online", time_view(json_text(record, "last_online", "")), "last_state",
                     *last_state ? json_string(last_state) : json_string("never_online"), "checks", "program_running",
                     "computer_on", "internet_working");
}

static void on_presence(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *presence = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!presence)
        respond_problem(c->request, "computer_offline", NULL, offline_view(c->record));
    else
        issue_ticket(c);
    json_decref(presence);
}

static void check_ticket(struct call *c)
{
    const char *feature = json_text(c->body, "feature", "");
    /* S-29: only the technician whose session it is connects. */
    if (strcmp(json_text(c->record, "technician", ""), c->who.technician) != 0)
        call_refuse(c, "permission_missing", "The session belongs to a colleague.");
    else if (strcmp(json_text(c->record, "state", ""), "active") != 0)
        call_refuse(c, "wrong_state", NULL);
    else if (grant_refuses(&c->who, feature))
        call_refuse(c, grant_refuses(&c->who, feature), NULL);
    else
        store_presence(c->gateway, c->session, on_presence, c);
}

void handle_ticket(struct call *c)
{
    static const char *const members[] = {"feature", "mode", NULL};
    const char *feature, *mode;
    if (json_unknown_member(c->body, members) || json_field(c->body, "feature", 32, &feature) != 0 ||
        json_field(c->body, "mode", 16, &mode) != 0 || !grant_known(feature) ||
        (mode && strcmp(mode, "pair") != 0 && strcmp(mode, "connect") != 0)) {
        call_refuse(c, "invalid_request", "feature is remote, chat, files or dashboard; mode is pair or connect.");
        return;
    }
    with_session(c, check_ticket);
}
