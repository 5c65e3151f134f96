/* See mux.h. */
#include "mux.h"

#include <stdlib.h>
#include <string.h>

enum frame_type { FRAME_DATA, FRAME_CREDIT, FRAME_RESUME, FRAME_RESET, FRAME_PING, FRAME_PONG };
enum { CREDIT_STEP = MUX_WINDOW / 4, CREDIT_SIZE = 12, OFFSET_SIZE = 8 };

struct channel {
    /* Sending: the ring keeps [consumed, written); sent <= written. */
    uint8_t *ring;
    uint64_t consumed, sent, written;
    uint32_t window; /* the receiver takes at most consumed + window */
    /* Receiving. */
    uint64_t received, told; /* told: the last offset given as credit */
    bool resume_due, held; /* held: nothing is sent until the peer's resume came */
};

struct mux {
    struct mux_hooks hooks;
    struct channel channels[MUX_CHANNELS];
    bool ping_due, pong_due;
    uint8_t ping[8], pong[8];
};

static void put_u64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | at[i];
    return v;
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

struct mux *mux_new(const struct mux_hooks *hooks)
{
    struct mux *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->hooks = *hooks;
    for (int i = 0; i < MUX_CHANNELS; i++)
        m->channels[i].window = MUX_WINDOW;
    return m;
}

void mux_free(struct mux *m)
{
    if (!m)
        return;
    for (int i = 0; i < MUX_CHANNELS; i++)
        free(m->channels[i].ring);
    free(m);
}

/* ---- sending ---- */

size_t mux_room(const struct mux *m, enum mux_channel channel)
{
    const struct channel *c = &m->channels[channel];
    return MUX_WINDOW - (size_t)(c->written - c->consumed);
}

int mux_send(struct mux *m, enum mux_channel channel, const void *data, size_t n)
{
    struct channel *c = &m->channels[channel];
    if (n > mux_room(m, channel) || (!c->ring && !(c->ring = malloc(MUX_WINDOW))))
        return -1;
    size_t at = (size_t)(c->written % MUX_WINDOW);
    size_t first = n < MUX_WINDOW - at ? n : MUX_WINDOW - at;
    memcpy(c->ring + at, data, first);
    memcpy(c->ring, (const uint8_t *)data + first, n - first);
    c->written += n;
    if (m->hooks.tap)
        m->hooks.tap(m->hooks.user, true, channel, data, n);
    return 0;
}

void mux_ping(struct mux *m, uint64_t now_ms)
{
    put_u64(m->ping, now_ms);
    m->ping_due = true;
}

struct output {
    uint8_t *at;
    size_t left;
};

static uint8_t *frame(struct output *o, enum frame_type type, int channel, size_t n)
{
    if (o->left < MUX_FRAME_HEADER + n)
        return NULL;
    uint8_t *at = o->at;
    at[0] = (uint8_t)type;
    at[1] = (uint8_t)channel;
    at[2] = (uint8_t)(n >> 8);
    at[3] = (uint8_t)n;
    o->at += MUX_FRAME_HEADER + n;
    o->left -= MUX_FRAME_HEADER + n;
    return at + MUX_FRAME_HEADER;
}

static void output_resumes(struct mux *m, struct output *o)
{
    for (int i = 0; i < MUX_CHANNELS; i++) {
        struct channel *c = &m->channels[i];
        uint8_t *at = c->resume_due ? frame(o, FRAME_RESUME, i, OFFSET_SIZE) : NULL;
        if (at) {
            put_u64(at, c->received);
            c->resume_due = false;
            c->told = c->received;
        }
    }
}

static void output_small(struct mux *m, struct output *o)
{
    uint8_t *at = m->pong_due ? frame(o, FRAME_PONG, 0, 8) : NULL;
    if (at) {
        memcpy(at, m->pong, 8);
        m->pong_due = false;
    }
    at = m->ping_due ? frame(o, FRAME_PING, 0, 8) : NULL;
    if (at) {
        memcpy(at, m->ping, 8);
        m->ping_due = false;
    }
    for (int i = 0; i < MUX_CHANNELS; i++) {
        struct channel *c = &m->channels[i];
        if (c->received - c->told < CREDIT_STEP || !(at = frame(o, FRAME_CREDIT, i, CREDIT_SIZE)))
            continue;
        put_u64(at, c->received);
        at[8] = 0, at[9] = MUX_WINDOW >> 16 & 255, at[10] = MUX_WINDOW >> 8 & 255, at[11] = MUX_WINDOW & 255;
        c->told = c->received;
    }
}

static void output_data(struct mux *m, int i, struct output *o)
{
    struct channel *c = &m->channels[i];
    while (!c->held && o->left > MUX_FRAME_HEADER) {
        uint64_t limit = c->consumed + c->window;
        uint64_t end = c->written < limit ? c->written : limit;
        size_t n = end > c->sent ? (size_t)(end - c->sent) : 0;
        if (n > o->left - MUX_FRAME_HEADER)
            n = o->left - MUX_FRAME_HEADER;
        size_t from = (size_t)(c->sent % MUX_WINDOW);
        if (n > MUX_WINDOW - from)
            n = MUX_WINDOW - from;
        if (n > MUX_PAYLOAD_MAX)
            n = MUX_PAYLOAD_MAX;
        if (n == 0)
            return;
        memcpy(frame(o, FRAME_DATA, i, n), c->ring + from, n);
        c->sent += n;
    }
}

size_t mux_output(struct mux *m, uint8_t *out, size_t size)
{
    struct output o = {out, size};
    output_resumes(m, &o);
    output_small(m, &o);
    for (int i = 0; i < MUX_CHANNELS; i++)
        output_data(m, i, &o);
    return size - o.left;
}

/* ---- receiving ---- */

static int on_data(struct mux *m, int i, const uint8_t *data, size_t n)
{
    struct channel *c = &m->channels[i];
    if (c->held || c->received + n > c->told + MUX_WINDOW)
        return -1; /* before its resume, or more than we gave credit for */
    c->received += n;
    if (m->hooks.tap)
        m->hooks.tap(m->hooks.user, false, (enum mux_channel)i, data, n);
    m->hooks.data(m->hooks.user, (enum mux_channel)i, data, n);
    return 0;
}

static bool acknowledge(struct channel *c, uint64_t offset)
{
    if (offset < c->consumed || offset > c->written)
        return false;
    c->consumed = offset;
    return true;
}

static int on_credit(struct channel *c, const uint8_t *data)
{
    uint32_t window = get_u32(data + 8);
    uint64_t offset = get_u64(data);
    if (offset > c->sent || window > MUX_WINDOW)
        return -1;
    if (offset < c->consumed)
        return 0; /* overtaken by a later one */
    c->window = window;
    return acknowledge(c, offset) ? 0 : -1;
}

static int on_resume(struct channel *c, const uint8_t *data)
{
    if (!c->held || !acknowledge(c, get_u64(data)))
        return -1; /* once per connection: another would have bytes sent twice that arrived */
    c->sent = c->consumed;
    c->held = false;
    return 0;
}

static int on_reset(struct mux *m, int i)
{
    struct channel *c = &m->channels[i];
    c->received = c->told = 0;
    if (m->hooks.reset)
        m->hooks.reset(m->hooks.user, (enum mux_channel)i);
    return 0;
}

static int on_ping(struct mux *m, const uint8_t *data)
{
    memcpy(m->pong, data, 8);
    m->pong_due = true;
    return 0;
}

static int on_frame(struct mux *m, uint8_t type, uint8_t channel, const uint8_t *data, size_t n)
{
    if (channel >= MUX_CHANNELS)
        return -1;
    switch (type) {
    case FRAME_DATA: return on_data(m, channel, data, n);
    case FRAME_CREDIT: return n == CREDIT_SIZE ? on_credit(&m->channels[channel], data) : -1;
    case FRAME_RESUME: return n == OFFSET_SIZE ? on_resume(&m->channels[channel], data) : -1;
    case FRAME_RESET: return on_reset(m, channel);
    case FRAME_PING: return n == 8 ? on_ping(m, data) : -1;
    case FRAME_PONG:
        if (n == 8 && m->hooks.pong)
            m->hooks.pong(m->hooks.user, get_u64(data));
        return n == 8 ? 0 : -1;
    default: return -1;
    }
}

int mux_input(struct mux *m, const uint8_t *data, size_t n)
{
    while (n > 0) {
        if (n < MUX_FRAME_HEADER)
            return -1;
        size_t size = (size_t)data[2] << 8 | data[3];
        if (size > n - MUX_FRAME_HEADER || on_frame(m, data[0], data[1], data + MUX_FRAME_HEADER, size) != 0)
            return -1;
        data += MUX_FRAME_HEADER + size;
        n -= MUX_FRAME_HEADER + size;
    }
    return 0;
}

void mux_resume(struct mux *m)
{
    for (int i = 0; i < MUX_CHANNELS; i++) {
        struct channel *c = &m->channels[i];
        c->resume_due = true; /* on all: what we sent on one may never have reached the other end */
        c->held = true;
    }
    m->pong_due = m->ping_due = false;
}
