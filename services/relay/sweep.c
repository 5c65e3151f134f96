/* Once a second: deadlines, pings, presence, and whether sessions are still open. */
#include "relay.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_ended(struct relay *r, const char *session, const char *reason)
{
    char text[160];
    snprintf(text, sizeof text, "{\"type\":\"ended\",\"reason\":\"%.64s\"}", reason);
    for (struct conn *c = r->conns; c; c = c->hh.next) {
        if (c->state < STATE_WAITING || c->state == STATE_CLOSING || strcmp(c->session, session) != 0)
            continue;
        if (c->kind == CONN_CONTROL)
            conn_send_text(c, text, strlen(text));
        pair_part(c); /* both ends hear the reason, none "peer gone" */
        conn_close(c, 4002, reason);
    }
}

static void on_state(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    if (!c || !reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return;
    const redisReply *state = reply->element[1], *reason = reply->element[2];
    if (state->type == REDIS_REPLY_STRING && strcmp(state->str, "ended") == 0)
        session_ended(c->relay, c->session, reason->type == REDIS_REPLY_STRING ? reason->str : "session_expired");
}

/* true: c is gone or going. */
static bool overdue(struct conn *c, int64_t now)
{
    int64_t age = now - c->since;
    if ((c->state == STATE_HEAD || c->state == STATE_AUTH) && age > HEAD_MS) {
        conn_free(c);
        return true;
    }
    if (c->state == STATE_CLOSING) {
        if (age > CLOSE_MS)
            conn_free(c);
        return true;
    }
    if (c->state == STATE_WAITING && age > c->relay->settings.peer_wait_ms) {
        conn_close(c, 4404, "no peer");
        return true;
    }
    /* A socket we do not read because its partner is slow is not silent by its own fault. */
    if (c->state == STATE_OPEN && c->reading && now - c->heard > DEAD_MS) {
        conn_close(c, 0, "");
        return true;
    }
    return false;
}

static void tend(struct conn *c, int64_t now)
{
    if (overdue(c, now))
        return;
    /* The program may have been between two relays when the first offer was published; it knows what it has seen. */
    if (c->state == STATE_WAITING && c->offer)
        store_offer(c);
    if (c->state != STATE_OPEN)
        return;
    if (now - c->pinged >= PING_MS) {
        c->pinged = now;
        c->ping_due = true;
        conn_send_due(c);
        conn_flush(c);
    }
    if (c->kind == CONN_CONTROL && now - c->renewed >= RENEW_MS)
        control_renew(c);
    if (now - c->checked >= CHECK_MS && redis_ready(c->relay->redis)) {
        c->checked = now;
        store_session(c, on_state);
    }
}

void sweep(void *user)
{
    struct relay *r = user;
    int64_t now = loop_now_ms(r->service.loop);
    loop_timer_set(r->sweep, SWEEP_MS);
    /* A conn that ends may end its partner's conn too, but frees only itself. */
    for (struct conn *c = r->conns, *next; c; c = next) {
        next = c->hh.next;
        tend(c, now);
    }
}
