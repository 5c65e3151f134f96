/* How much may be on the way. After each update a fence asks the viewer to answer when it has worked
 * through everything before it, which measures the whole path: our output, the channel, the relay,
 * the browser's decoder. Growing round trips mean that a queue fills somewhere: the window shrinks
 * before the technician feels it. A viewer without fences is paced by its own requests. */
#include "rfb_internal.h"

enum {
    WINDOW_START = 128 * 1024,
    WINDOW_MIN = 12 * 1024,
    WINDOW_MAX = 4 * 1024 * 1024,
    BUDGET_MAX = 1024 * 1024, /* of one update, so that the output stays bounded */
    PERIOD_MS = 5000,         /* the path may change: old minima are forgotten after two periods */
    DEAD_MS = 10000           /* a viewer that never answers fences is treated as one without */
};

void rfb_flow_init(struct rfb_flow *f)
{
    memset(f, 0, sizeof *f);
    f->window = WINDOW_START;
}

static bool waiting(const struct rfb *r, int64_t now_ms)
{
    const struct rfb_flow *f = &r->flow;
    return f->count > 0 && now_ms - f->fence[f->first].sent_ms < DEAD_MS;
}

bool rfb_flow_open(const struct rfb *r, int64_t now_ms)
{
    return !waiting(r, now_ms) || rfb_offset(r) - r->flow.acked < r->flow.window;
}

bool rfb_flow_idle(const struct rfb *r, int64_t now_ms)
{
    return !waiting(r, now_ms);
}

size_t rfb_flow_budget(const struct rfb *r)
{
    uint64_t on_way = rfb_offset(r) - r->flow.acked;
    size_t left = on_way < r->flow.window ? (size_t)(r->flow.window - on_way) : 0;
    if (!r->viewer.fence)
        return BUDGET_MAX;
    /* A whole picture in one go beats half ones, so a budget is never stingy. */
    if (left < r->flow.window / 2)
        left = r->flow.window / 2;
    return left < BUDGET_MAX ? left : BUDGET_MAX;
}

void rfb_flow_fence(struct rfb *r, int64_t now_ms)
{
    struct rfb_flow *f = &r->flow;
    if (f->count > 0 && !waiting(r, now_ms)) {
        f->count = 0; /* given up on */
        f->acked = rfb_offset(r);
    }
    if (!r->viewer.fence || f->count == RFB_FENCES)
        return;
    rfb_out_put(&r->out, (const uint8_t[]){248, 0, 0, 0, 0x80, 0, 0, 1, 8, 'b', 'w', 'i', 'n'}, 13);
    rfb_out_u32(&r->out, ++f->next_number);
    unsigned i = (f->first + f->count++) % RFB_FENCES;
    f->fence[i].number = f->next_number;
    f->fence[i].offset = rfb_offset(r);
    f->fence[i].sent_ms = now_ms;
    if (rfb_offset(r) - f->acked >= f->window)
        f->limited = true;
}

static void measure(struct rfb_flow *f, unsigned rtt, int64_t now_ms)
{
    f->rtt_ms = rtt;
    if (!f->measured) {
        f->base_ms = f->period_min_ms = rtt;
        f->period_ms = now_ms;
        f->measured = true;
    }
    if (rtt < f->period_min_ms)
        f->period_min_ms = rtt;
    if (rtt < f->base_ms)
        f->base_ms = rtt;
    if (now_ms - f->period_ms >= PERIOD_MS) {
        f->base_ms = f->period_min_ms;
        f->period_min_ms = rtt;
        f->period_ms = now_ms;
    }
}

/* Delay-based like TCP Vegas: a small queue is what keeps the path busy, a growing one is lag. */
static void adapt(struct rfb_flow *f, size_t acked, int64_t now_ms)
{
    unsigned queue_ms = f->rtt_ms - f->base_ms;
    if (queue_ms > 60 + f->base_ms / 2) {
        if (now_ms - f->shrunk_ms >= (int64_t)f->rtt_ms) {
            f->window = f->window * 3 / 4 < WINDOW_MIN ? WINDOW_MIN : f->window * 3 / 4;
            f->shrunk_ms = now_ms;
        }
    } else if (f->limited && queue_ms < 30 + f->base_ms / 4) {
        f->window = f->window + acked > WINDOW_MAX ? WINDOW_MAX : f->window + acked;
    }
    f->limited = false;
}

void rfb_flow_answer(struct rfb *r, const uint8_t *payload, size_t size, int64_t now_ms)
{
    struct rfb_flow *f = &r->flow;
    if (size != 8 || memcmp(payload, "bwin", 4) != 0)
        return;
    uint32_t number = rfb_get32(payload + 4);
    unsigned age = 0;
    while (age < f->count && f->fence[(f->first + age) % RFB_FENCES].number != number)
        age++;
    if (age == f->count)
        return; /* not ours, given up on, or answered twice */
    unsigned i = (f->first + age) % RFB_FENCES;
    int64_t rtt = now_ms - f->fence[i].sent_ms;
    size_t acked = (size_t)(f->fence[i].offset - f->acked);
    f->acked = f->fence[i].offset;
    f->first = (i + 1) % RFB_FENCES;
    f->count -= age + 1;
    measure(f, rtt < 0 ? 0 : rtt > 60000 ? 60000 : (unsigned)rtt, now_ms);
    adapt(f, acked, now_ms);
}
