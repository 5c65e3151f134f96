/* Two data sockets with the same conn_id. What one sends is decoded (unmasked) and written to the other with a
 * new header as it comes. */
#include "relay.h"

#include "common/failpoint.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

struct conn *pair_partner(const struct conn *c)
{
    if (!c->pair)
        return NULL;
    return c == c->pair->viewer ? c->pair->program : c->pair->viewer;
}

static struct conn **seat(struct pair *p, const struct conn *c)
{
    return c->kind == CONN_VIEWER ? &p->viewer : &p->program;
}

static void open_pair(struct pair *p)
{
    struct conn *both[] = {p->viewer, p->program};
    metric_add("beistand_relay_pairs_total", "", 1);
    failpoint("relay.paired");
    free(p->viewer->offer);
    p->viewer->offer = NULL;
    log_event(LOG_INFO, "paired", "conn", p->conn_id, "session", p->viewer->session, NULL);
    for (int i = 0; i < 2; i++) {
        both[i]->state = STATE_OPEN;
        both[i]->heard = both[i]->pinged = both[i]->checked = loop_now_ms(both[i]->relay->service.loop);
        conn_set_reading(both[i], true);
    }
}

void pair_join(struct conn *c)
{
    struct relay *r = c->relay;
    struct pair *p = NULL;
    c->state = STATE_WAITING;
    conn_set_reading(c, false);
    HASH_FIND_STR(r->pairs, c->conn_id, p);
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p) {
            conn_close(c, 1011, "");
            return;
        }
        memcpy(p->conn_id, c->conn_id, sizeof p->conn_id);
        HASH_ADD_STR(r->pairs, conn_id, p);
    }
    if (*seat(p, c) || (pair_partner(c) && strcmp(pair_partner(c)->session, c->session) != 0)) {
        conn_close(c, 4001, "taken");
        return;
    }
    *seat(p, c) = c;
    c->pair = p;
    if (p->viewer && p->program)
        open_pair(p);
}

struct conn *pair_part(struct conn *c)
{
    struct pair *p = c->pair;
    struct conn *partner = pair_partner(c);
    if (!p)
        return NULL;
    *seat(p, c) = NULL;
    c->pair = NULL;
    if (!partner) {
        HASH_DEL(c->relay->pairs, p);
        free(p);
    }
    return partner;
}

void pair_leave(struct conn *c)
{
    struct conn *partner = pair_part(c);
    if (partner)
        conn_close(partner, 4001, "peer gone"); /* which parts too, and frees the pair */
}

static void forward_header(struct conn *to, const struct ws_out *frame)
{
    uint8_t header[WS_HEADER_MAX];
    size_t n = ws_encode_header(header, frame->opcode, frame->fin, frame->size, NULL);
    conn_send_due(to);
    conn_write(to, header, n);
    to->mid_frame = true;
}

/* Control frames belong to one hop. true: the connection is closing. */
static bool on_control(struct conn *c, const struct ws_out *out)
{
    if (out->opcode == WS_PING) {
        memcpy(c->pong, out->data, out->n);
        c->pong_size = out->n;
        c->pong_due = true;
    } else if (out->opcode == WS_CLOSE) {
        conn_close(c, 1000, "");
        return true;
    }
    return false;
}

void pair_forward(struct conn *c, uint8_t *data, size_t n)
{
    struct conn *to = pair_partner(c);
    struct ws_out out;
    size_t used;
    for (;;) {
        enum ws_event e = ws_decode(&c->decoder, data, n, &used, &out);
        data += used;
        n -= used;
        if (e == WS_FAIL) {
            conn_close(c, out.code, "");
            return;
        }
        if (e == WS_CONTROL && on_control(c, &out))
            return;
        /* A control socket has no partner: what it sends besides pings is not looked at. */
        if (to && e == WS_FRAME)
            forward_header(to, &out);
        else if (to && e == WS_DATA)
            conn_write(to, out.data, out.n);
        else if (to && e == WS_FRAME_END)
            to->mid_frame = false;
        if (e == WS_MORE && n == 0)
            break;
    }
    conn_send_due(c);
    conn_flush(c);
    if (!to)
        return;
    conn_send_due(to);
    conn_flush(to);
    /* Worst case of the next read: all of it, and a header for each two bytes. */
    if (to->state == STATE_OPEN && conn_room(to) < READ_MAX * 2)
        conn_set_reading(c, false);
}
