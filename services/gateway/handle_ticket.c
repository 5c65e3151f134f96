/* POST /v1/sessions/{id}/tickets: a one-use ticket for the relay, and the signed claims the program checks
 * (proto/channel.md section 2). */
#include "gateway.h"

#include "common/log.h"
#include "proto/c/b64url.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE = 64, CLAIMS_MAX = 3072 };

static const char label[] = "beistand offer v1"; /* its NUL is part of what is signed */

static bool sign(EVP_PKEY *key, const char *claims, uint8_t out[SIGNATURE])
{
    uint8_t message[sizeof label + CLAIMS_MAX * 2];
    size_t n = strlen(claims), size = SIGNATURE;
    if (n > CLAIMS_MAX * 2)
        return false;
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, claims, n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(ctx, out, &size, message, sizeof label + n) == 1 && size == SIGNATURE;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* Base64url of the claims' JSON, malloc'ed, or NULL. */
static char *make_claims(const struct call *c, const char *conn_id, const char *mode, int64_t now)
{
    const struct principal *p = &c->who;
    json_t *claims = json_pack(
        "{si ss ss ss ss ss ss sI sI}", "v", 1, "session", c->session, "conn_id", conn_id,
        "technician", p->technician, "technician_name", json_text(p->person, "name", ""),
        "company_name", json_text(p->firm, "name", ""), "mode", mode, "iat", (json_int_t)now, "exp",
        (json_int_t)(now + TICKET_TTL_S * 1000));
    json_t *grant = grant_claims(p);
    json_object_update(claims, grant);
    json_decref(grant);
    char *text = json_dumps(claims, JSON_COMPACT);
    json_decref(claims);
    size_t n = text ? strlen(text) : 0;
    char *out = n > 0 && n <= CLAIMS_MAX ? malloc(b64url_size(n) + 1) : NULL;
    if (out)
        b64url_encode(out, text, n);
    free(text);
    return out;
}

static void on_stored(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_STATUS) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    json_t *answer = c->parts;
    c->parts = NULL;
    respond_json(c->request, 201, answer);
}

static void issue_ticket(struct call *c)
{
    struct gateway *g = c->gateway;
    char conn_id[ID_SIZE], ticket[SECRET_SIZE], signature_text[128], exp[24], url[512];
    uint8_t signature[SIGNATURE];
    const char *mode = json_text(c->body, "mode", "connect");
    int64_t now = wall_now_ms();
    new_id(conn_id, c->who.bucket);
    new_secret(ticket, c->who.bucket);
    char *claims = make_claims(c, conn_id, mode, now);
    if (!claims || !sign(g->signing_key, claims, signature)) {
        free(claims);
        call_refuse(c, "unavailable", NULL);
        return;
    }
    b64url_encode(signature_text, signature, sizeof signature);
    snprintf(exp, sizeof exp, "%lld", (long long)(now + TICKET_TTL_S * 1000));
    json_t *stored = json_pack("{ss ss ss ss ss sI}", "session", c->session, "technician", c->who.technician,
                               "conn_id", conn_id, "claims", claims, "signature", signature_text, "exp",
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
