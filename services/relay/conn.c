/* Sockets: reading the head, then frames; writing from one bounded queue; control frames between data frames. */
#include "relay.h"

#include "common/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_events(void *user, uint32_t events);

struct conn *conn_find(struct relay *r, int fd, uint64_t serial)
{
    struct conn *c = NULL;
    HASH_FIND_INT(r->conns, &fd, c);
    return c && c->serial == serial ? c : NULL;
}

static void update_events(struct conn *c)
{
    uint32_t events = (c->reading ? EPOLLIN : 0u) | (c->queued > c->sent ? EPOLLOUT : 0u) | EPOLLRDHUP;
    loop_rewatch(c->relay->service.loop, c->watch, events);
}

static struct conn *conn_new(struct relay *r, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->relay = r;
    c->fd = fd;
    c->serial = ++r->next_serial;
    c->reading = true;
    c->since = c->heard = loop_now_ms(r->service.loop);
    c->head = malloc(HEAD_MAX + 1);
    c->watch = c->head ? loop_watch(r->service.loop, fd, EPOLLIN | EPOLLRDHUP, on_events, c) : NULL;
    if (c->watch)
        return c;
    free(c->head);
    free(c);
    return NULL;
}

void conn_accepted(struct relay *r, int fd)
{
    struct conn *c = HASH_COUNT(r->conns) < (size_t)r->settings.connections_max ? conn_new(r, fd) : NULL;
    if (!c) {
        metric_add("beistand_relay_refusals_total", "reason=\"connections\"", 1);
        close(fd);
        return;
    }
    HASH_ADD_INT(r->conns, fd, c);
    metric_set("beistand_relay_connections", "", (double)HASH_COUNT(r->conns));
}

void conn_free(struct conn *c)
{
    struct relay *r = c->relay;
    if (c->kind == CONN_CONTROL && (c->state == STATE_OPEN || c->state == STATE_CLOSING))
        control_closed(c);
    pair_leave(c);
    HASH_DEL(r->conns, c);
    loop_unwatch(r->service.loop, c->watch);
    close(c->fd);
    free(c->head);
    free(c->queue);
    free(c->offer);
    free(c->actor);
    explicit_bzero(c->secret, sizeof c->secret);
    free(c);
    metric_set("beistand_relay_connections", "", (double)HASH_COUNT(r->conns));
}

/* ---- writing ---- */

size_t conn_room(const struct conn *c)
{
    return QUEUE_MAX - (c->queued - c->sent);
}

bool conn_write(struct conn *c, const void *data, size_t n)
{
    if (n > conn_room(c) || (!c->queue && !(c->queue = malloc(QUEUE_MAX))))
        return false;
    if (c->queued + n > QUEUE_MAX) {
        memmove(c->queue, c->queue + c->sent, c->queued - c->sent);
        c->queued -= c->sent;
        c->sent = 0;
    }
    memcpy(c->queue + c->queued, data, n);
    c->queued += n;
    return true;
}

/* Reading the partner goes on when half of our queue is free again. */
static void wake_partner(struct conn *c)
{
    struct conn *partner = pair_partner(c);
    if (partner && partner->state == STATE_OPEN && !partner->reading && conn_room(c) >= QUEUE_MAX / 2)
        conn_set_reading(partner, true);
}

void conn_flush(struct conn *c)
{
    while (c->queued > c->sent) {
        ssize_t n = send(c->fd, c->queue + c->sent, c->queued - c->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0) { /* the loop tells by EPOLLHUP or EPOLLERR; nothing is written any more */
            c->queued = c->sent = 0;
            shutdown(c->fd, SHUT_RDWR);
            break;
        }
        c->sent += (size_t)n;
        metric_add("beistand_relay_bytes_total", "", (double)n);
    }
    if (c->queued == c->sent) {
        free(c->queue); /* an idle connection holds no buffer */
        c->queue = NULL;
        c->queued = c->sent = 0;
        if (c->state == STATE_CLOSING)
            shutdown(c->fd, SHUT_WR);
    }
    update_events(c);
    wake_partner(c);
}

static void send_control(struct conn *c, enum ws_opcode opcode, const void *data, size_t n)
{
    uint8_t header[WS_HEADER_MAX];
    size_t size = ws_encode_header(header, opcode, true, n, NULL);
    if (conn_room(c) >= size + n) {
        conn_write(c, header, size);
        conn_write(c, data, n);
    }
}

void conn_send_due(struct conn *c)
{
    if (c->mid_frame || c->state == STATE_CLOSING)
        return;
    if (c->pong_due)
        send_control(c, WS_PONG, c->pong, c->pong_size);
    if (c->ping_due)
        send_control(c, WS_PING, "", 0);
    c->pong_due = c->ping_due = false;
}

void conn_send_text(struct conn *c, const char *text, size_t n)
{
    uint8_t header[WS_HEADER_MAX];
    size_t size = ws_encode_header(header, WS_TEXT, true, n, NULL);
    if (conn_room(c) >= size + n) {
        conn_write(c, header, size);
        conn_write(c, text, n);
    }
    conn_flush(c);
}

void conn_close(struct conn *c, unsigned code, const char *reason)
{
    uint8_t body[WS_CONTROL_MAX];
    size_t n = strnlen(reason, sizeof body - 2);
    if (c->state == STATE_CLOSING)
        return;
    if (code == 0 || c->state < STATE_WAITING) {
        c->state = STATE_CLOSING;
        c->since = loop_now_ms(c->relay->service.loop);
        shutdown(c->fd, SHUT_RDWR);
        return;
    }
    body[0] = (uint8_t)(code >> 8);
    body[1] = (uint8_t)code;
    memcpy(body + 2, reason, n);
    pair_leave(c);
    /* In the middle of a frame nothing sensible can follow: the cut tells the other end. */
    if (!c->mid_frame)
        send_control(c, WS_CLOSE, body, n + 2);
    c->state = STATE_CLOSING;
    c->since = loop_now_ms(c->relay->service.loop);
    c->reading = true;
    conn_flush(c);
}

/* ---- reading ---- */

void conn_set_reading(struct conn *c, bool reading)
{
    if (c->reading == reading)
        return;
    c->reading = reading;
    update_events(c);
}

static void read_head(struct conn *c)
{
    ssize_t n = recv(c->fd, c->head + c->head_size, HEAD_MAX - c->head_size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_free(c);
        return;
    }
    c->head_size += (size_t)n;
    c->head[c->head_size] = '\0';
    /* Nothing may follow the head before our answer (RFC 6455 section 4.1). */
    char *end = strstr(c->head, "\r\n\r\n");
    if (end && end + 4 == c->head + c->head_size)
        upgrade_head_complete(c);
    else if (end || c->head_size == HEAD_MAX || memchr(c->head, 0, c->head_size))
        upgrade_refuse(c, "invalid_request");
}

static void read_frames(struct conn *c)
{
    uint8_t data[READ_MAX];
    ssize_t n = recv(c->fd, data, sizeof data, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_free(c);
        return;
    }
    c->heard = loop_now_ms(c->relay->service.loop);
    if (c->state == STATE_OPEN || c->state == STATE_WAITING)
        pair_forward(c, data, (size_t)n);
}

static void on_events(void *user, uint32_t events)
{
    struct conn *c = user;
    if (events & (EPOLLERR | EPOLLHUP)) {
        conn_free(c);
        return;
    }
    if (events & EPOLLOUT)
        conn_flush(c);
    if (events & EPOLLIN) {
        if (c->state == STATE_HEAD)
            read_head(c);
        else
            read_frames(c);
    } else if (events & EPOLLRDHUP && !c->reading) {
        /* We are not reading, so its last bytes may still be waiting: only a waiting socket is freed. */
        if (c->state != STATE_OPEN)
            conn_free(c);
        else
            loop_rewatch(c->relay->service.loop, c->watch, c->queued > c->sent ? EPOLLOUT : 0u);
    }
}
