/* The HTTP part: request line, headers, credentials in Sec-WebSocket-Protocol, then 101 or a problem. */
#include "relay.h"

#include "common/failpoint.h"
#include "common/json.h"
#include "common/log.h"
#include "common/random.h"
#include "generated/reasons.h"
#include "head.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void sha1(uint8_t digest[WS_SHA1_BYTES], const void *data, size_t n)
{
    SHA1(data, n, digest);
}

void upgrade_accept(struct conn *c)
{
    char accept[WS_ACCEPT_SIZE], answer[256];
    ws_accept(accept, c->key, sha1);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: beistand.v1\r\n\r\n",
                     accept);
    free(c->head);
    c->head = NULL;
    explicit_bzero(c->secret, sizeof c->secret);
    ws_decoder_init(&c->decoder, true, c->kind == CONN_CONTROL ? CONTROL_TEXT_MAX : FRAME_MAX);
    c->since = loop_now_ms(c->relay->service.loop);
    conn_write(c, answer, (size_t)n);
    if (c->kind == CONN_CONTROL)
        control_opened(c);
    else
        pair_join(c);
    conn_flush(c);
}

void upgrade_refuse(struct conn *c, const char *reason)
{
    const struct reason *known = reason_find(reason);
    char body[512], answer[1024], labels[96];
    int status = known && known->status ? known->status : 409;
    snprintf(labels, sizeof labels, "reason=\"%s\"", reason);
    metric_add("beistand_refusals_total", labels, 1);
    int n = snprintf(body, sizeof body, "{\"type\":\"/help#%s\",\"title\":\"%s\",\"status\":%d,\"reason\":\"%s\"}",
                     reason, known ? known->title : "", status, reason);
    n = snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d Refused\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
                 "Connection: close\r\n\r\n%s",
                 status, n, body);
    conn_write(c, answer, (size_t)n);
    c->state = STATE_CLOSING;
    c->since = loop_now_ms(c->relay->service.loop);
    conn_flush(c);
}

/* ---- who is it ---- */

static const char *text_of(const redisReply *reply, size_t i)
{
    const redisReply *e = i < reply->elements ? reply->element[i] : NULL;
    return e && e->type == REDIS_REPLY_STRING ? e->str : "";
}

static void too_many_or_accept(struct conn *c)
{
    size_t n = 0;
    for (struct conn *o = c->relay->conns; o; o = o->hh.next)
        n += o->kind != CONN_NEW && strcmp(o->session, c->session) == 0;
    if (n > SESSION_CONNS_MAX)
        upgrade_refuse(c, "rate_limited");
    else
        upgrade_accept(c);
}

static void on_agent_noted(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    if (!c || c->state != STATE_AUTH)
        return;
    if (!reply)
        upgrade_refuse(c, "unavailable");
    else if (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, c->session) != 0)
        upgrade_refuse(c, "not_found");
    else
        too_many_or_accept(c);
}

static void on_agent_session(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    char digest[65];
    if (!c || c->state != STATE_AUTH)
        return;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        upgrade_refuse(c, "unavailable");
        return;
    }
    sha256_hex(digest, c->secret, strlen(c->secret));
    const char *expected = text_of(reply, 0), *state = text_of(reply, 1), *reason = text_of(reply, 2);
    if (strlen(expected) != 64 || CRYPTO_memcmp(expected, digest, 64) != 0)
        upgrade_refuse(c, "unauthenticated");
    else if (strcmp(state, "active") != 0)
        upgrade_refuse(c, *reason ? reason : "wrong_state");
    else if (c->kind == CONN_PROGRAM)
        store_noted(c, on_agent_noted);
    else
        too_many_or_accept(c);
}

static void on_viewer_session(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    if (!c || c->state != STATE_AUTH)
        return;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        upgrade_refuse(c, "unavailable");
    } else if (strcmp(text_of(reply, 1), "active") != 0) {
        const char *reason = text_of(reply, 2);
        upgrade_refuse(c, *reason ? reason : "wrong_state");
    } else if (strcmp(text_of(reply, 3), c->technician) != 0) {
        upgrade_refuse(c, "handed_over"); /* after the ticket was made */
    } else {
        snprintf(c->company, sizeof c->company, "%s", text_of(reply, 4));
        store_connection(c);
        store_offer(c);
        failpoint("relay.offered");
        too_many_or_accept(c);
    }
}

/* A ticket is not worth more than what it was asked with. */
static void on_viewer_credential(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    if (c && c->state == STATE_AUTH && reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0)
        upgrade_refuse(c, "ticket_invalid");
}

static void on_viewer_person(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    if (c && c->state == STATE_AUTH && reply && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, "1") == 0)
        upgrade_refuse(c, "ticket_invalid");
}

static void on_ticket(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    char error[128];
    if (!c || c->state != STATE_AUTH)
        return;
    if (!reply) {
        upgrade_refuse(c, "unavailable");
        return;
    }
    failpoint("relay.ticket");
    json_t *ticket =
        reply->type == REDIS_REPLY_STRING ? json_read(reply->str, reply->len, error) : NULL;
    if (!ticket || strcmp(json_text(ticket, "conn_id", ""), c->conn_id) != 0 ||
        json_number(ticket, "exp", 0) < wall_now_ms()) {
        upgrade_refuse(c, "ticket_invalid");
    } else {
        char address[64] = "";
        head_value(c->head, "X-Forwarded-For", address, sizeof address);
        note_remember(c, ticket, address);
        snprintf(c->session, sizeof c->session, "%s", json_text(ticket, "session", ""));
        snprintf(c->technician, sizeof c->technician, "%s", json_text(ticket, "technician", ""));
        json_object_del(ticket, "exp");
        json_object_del(ticket, "technician");
        snprintf(c->credential, sizeof c->credential, "%s", json_text(ticket, "credential", ""));
        json_object_del(ticket, "credential");
        c->offer = json_compact(ticket);
        store_credential(c, on_viewer_credential, on_viewer_person);
        store_session(c, on_viewer_session);
    }
    json_decref(ticket);
}

/* Browsers always send an Origin; the CLI sends none. */
static bool origin_fits(const struct conn *c)
{
    char origin[512];
    return !strcasestr(c->head, "\r\nOrigin:") ||
           (head_value(c->head, "Origin", origin, sizeof origin) && strcmp(origin, c->relay->settings.origin) == 0);
}

static void ask_agent(struct conn *c, enum conn_kind kind)
{
    c->kind = kind;
    c->state = STATE_AUTH;
    conn_set_reading(c, false);
    store_session(c, on_agent_session);
}

static const char *route(struct conn *c, const char *path, const char *protocols)
{
    bool agent = head_protocol(protocols, "agent.", c->secret, sizeof c->secret);
    if (agent && strncmp(path, "/relay/control/", 15) == 0 && strlen(path) == 15 + ID_SIZE - 1) {
        memcpy(c->session, path + 15, ID_SIZE);
        if (bucket_of_id(c->session) < 0)
            return "not_found";
        ask_agent(c, CONN_CONTROL);
        return NULL;
    }
    if (strncmp(path, "/relay/c/", 9) != 0 || strlen(path) != 9 + ID_SIZE - 1 || bucket_of_id(path + 9) < 0)
        return "not_found";
    memcpy(c->conn_id, path + 9, ID_SIZE);
    if (agent && head_protocol(protocols, "session.", c->session, sizeof c->session) && bucket_of_id(c->session) >= 0) {
        ask_agent(c, CONN_PROGRAM);
        return NULL;
    }
    if (agent || !head_protocol(protocols, "ticket.", c->secret, sizeof c->secret) || bucket_of_secret(c->secret) < 0)
        return "unauthenticated";
    if (!origin_fits(c))
        return "permission_missing";
    c->kind = CONN_VIEWER;
    c->state = STATE_AUTH;
    conn_set_reading(c, false);
    store_take_ticket(c, on_ticket);
    return NULL;
}

void upgrade_head_complete(struct conn *c)
{
    char path[256] = "", version[8], upgrade[32], protocols[512];
    if (sscanf(c->head, "GET %255s HTTP/1.1\r", path) != 1 ||
        !head_value(c->head, "Upgrade", upgrade, sizeof upgrade) || strcasecmp(upgrade, "websocket") != 0 ||
        !head_value(c->head, "Sec-WebSocket-Version", version, sizeof version) || strcmp(version, "13") != 0 ||
        !head_value(c->head, "Sec-WebSocket-Key", c->key, sizeof c->key) || strlen(c->key) != 24 ||
        !head_value(c->head, "Sec-WebSocket-Protocol", protocols, sizeof protocols) ||
        strncmp(protocols, "beistand.v1", 11) != 0) {
        upgrade_refuse(c, "invalid_request");
        return;
    }
    const char *refused = c->relay->service.draining ? "unavailable" : route(c, path, protocols);
    explicit_bzero(protocols, sizeof protocols);
    if (refused)
        upgrade_refuse(c, refused);
}
