/* See fake_net.h. */
#include "fake_net.h"

#include <stdlib.h>
#include <string.h>

struct net {
    enum net_state state;
    uint8_t *in, *out;
    size_t in_size, in_at, piece, out_size, out_at, room;
    bool ended, closed;
};

static struct net connections[FAKE_CONNECTIONS];
static size_t n_connections;
static int64_t now, turned;
static bool refusing;

static uint8_t *grown(uint8_t *buffer, size_t size)
{
    uint8_t *out = size <= FAKE_BUFFER ? realloc(buffer, size + 1) : NULL;
    if (!out)
        abort();
    return out;
}

void fake_net_reset(void)
{
    for (size_t i = 0; i < n_connections; i++) {
        free(connections[i].in);
        free(connections[i].out);
    }
    n_connections = 0;
    now = 1000000;
    turned = 0;
    refusing = false;
}

void fake_net_advance(int64_t ms)
{
    now += ms;
}

void fake_net_turn_clock(int64_t ms)
{
    turned += ms;
}

void fake_net_refuse(bool refuse)
{
    refusing = refuse;
}

size_t fake_net_count(void)
{
    return n_connections;
}

struct net *fake_net_at(size_t i)
{
    if (i >= n_connections)
        abort();
    return &connections[i];
}

void fake_net_feed(struct net *n, const void *data, size_t size, size_t piece)
{
    n->in = grown(n->in, n->in_size + size);
    memcpy(n->in + n->in_size, data, size);
    n->in_size += size;
    n->piece = piece;
}

void fake_net_end(struct net *n)
{
    n->ended = true;
}

void fake_net_set_state(struct net *n, enum net_state state)
{
    n->state = state;
}

void fake_net_set_room(struct net *n, size_t room)
{
    n->room = room;
}

const uint8_t *fake_net_sent(struct net *n, size_t *size)
{
    const uint8_t *at = n->out + n->out_at;
    *size = n->out_size - n->out_at;
    n->out_at = n->out_size;
    return at;
}

bool fake_net_closed(const struct net *n)
{
    return n->closed;
}

/* ---- the seam ---- */

int net_start(const char *ca_pem)
{
    (void)ca_pem;
    return 0;
}

struct net *net_connect(const char *host, uint16_t port)
{
    (void)host, (void)port;
    if (refusing)
        return NULL;
    if (n_connections == FAKE_CONNECTIONS)
        abort();
    struct net *n = &connections[n_connections++];
    *n = (struct net){.state = NET_OPEN, .in = grown(NULL, 1), .out = grown(NULL, 1), .room = SIZE_MAX};
    n->out[0] = '\0';
    return n;
}

enum net_state net_state(struct net *n)
{
    return n->state;
}

int net_send(struct net *n, const void *data, size_t size)
{
    if (n->closed || n->state != NET_OPEN)
        return -1;
    size = size < n->room ? size : n->room;
    n->out = grown(n->out, n->out_size + size + 1);
    memcpy(n->out + n->out_size, data, size);
    n->out_size += size;
    n->out[n->out_size] = '\0';
    n->room -= n->room == SIZE_MAX ? 0 : size;
    return (int)size;
}

int net_recv(struct net *n, void *data, size_t size)
{
    size_t left = n->in_size - n->in_at;
    if (n->closed || n->state != NET_OPEN || (left == 0 && n->ended))
        return -1;
    size = size < left ? size : left;
    size = n->piece && size > n->piece ? n->piece : size;
    memcpy(data, n->in + n->in_at, size);
    n->in_at += size;
    return (int)size;
}

const char *net_error(const struct net *n)
{
    return n->state == NET_FAILED ? "tcp: refused" : "tcp: closed";
}

void net_close(struct net *n)
{
    n->closed = true;
}

void net_wait(struct net *const *set, const bool *want_write, size_t n, int extra, int timeout_ms)
{
    (void)set, (void)want_write, (void)n, (void)extra, (void)timeout_ms;
}

int64_t clock_monotonic_ms(void)
{
    return now;
}

int64_t clock_wall_ms(void)
{
    return now + turned;
}
