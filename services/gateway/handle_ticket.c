/* POST /v1/sessions/{id}/tickets: a one-use ticket for the relay, and the signed claims the program checks
 * (proto/channel.md section 2). */
#include "gateway.h"

#include "claims.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "generated/plans.h"

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
    struct claims claims = {.session = c->session,
                            .conn_id = conn_id,
                            .technician = p->technician,
                            .technician_name = json_text(p->person, "name", ""),
                            .company_name = json_text(p->firm, "name", ""),
                            .feature = json_text(c->body, "feature", ""),
                            .mode = mode,
                            .view_only = !has_permission(p, "full_remote_control"),
                            .iat_ms = now,
                            .exp_ms = now + TICKET_TTL_S * 1000};
    return claims_text(&claims);
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
    json_t *stored = json_pack("{ss ss ss ss sI}", "session", c->session, "conn_id", conn_id, "claims",
                               claims, "signature", signature, "exp",
                               (json_int_t)(now + TICKET_TTL_S * 1000));
    /* wss where the origin is https, ws where it is http (behind another edge). */
    snprintf(url, sizeof url, "ws%s/relay/c/%s", g->settings.origin + 4, conn_id);
    c->parts = json_pack("{ss ss ss ss ss so}", "relay_url", url, "ticket", ticket, "conn_id", conn_id,
                         "claims", claims, "mode", mode, "expires_at", time_view(exp));
    char *text = json_dumps(stored, JSON_COMPACT);
    store_ticket(c, ticket, text, on_stored);
    free(text);
    json_decref(stored);
    free(claims);
}

static void on_presence(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *presence = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!presence)
        call_refuse(c, "computer_offline", NULL);
    else
        issue_ticket(c);
    json_decref(presence);
}

static void check_ticket(struct call *c)
{
    const struct plan *plan = plan_find(json_text(c->who.firm, "plan", ""));
    /* S-29: only the technician whose session it is connects. */
    if (strcmp(json_text(c->record, "technician", ""), c->who.technician) != 0)
        call_refuse(c, "permission_missing", "The session belongs to a colleague.");
    else if (strcmp(json_text(c->record, "state", ""), "active") != 0)
        call_refuse(c, "wrong_state", NULL);
    else if (!plan || !plan_allows(plan, json_text(c->body, "feature", "")))
        call_refuse(c, "plan_excludes_feature", NULL);
    else
        store_presence(c->gateway, c->session, on_presence, c);
}

void handle_ticket(struct call *c)
{
    static const char *const members[] = {"feature", "mode", NULL};
    const char *feature, *mode;
    if (json_unknown_member(c->body, members) || json_field(c->body, "feature", 32, &feature) != 0 ||
        json_field(c->body, "mode", 16, &mode) != 0 || !feature || strcmp(feature, "remote") != 0 ||
        (mode && strcmp(mode, "pair") != 0 && strcmp(mode, "connect") != 0)) {
        call_refuse(c, "invalid_request", "feature is remote; mode is pair or connect.");
        return;
    }
    with_session(c, check_ticket);
}
