/* One framebuffer update: what the viewer is told and shown now, within what the path carries. What
 * went as JPEG is sent again exactly when the picture has been quiet for a moment and nothing is on
 * the way, so that sharpening never stands before a change. */
#include "rfb_internal.h"

enum {
    QUIET_MS = 250, /* without any change, before sharpening starts */
    SHARPEN_BUDGET = 32 * 1024,
    SHARPEN_AREA = 2 * RFB_TILE * RFB_TILE,
    AREA_MIN = 2 * RFB_TILE * RFB_TILE
};

bool rfb_update_allowed(const struct rfb *r, int64_t now_ms)
{
    return r->failed == RFB_OK && r->phase == RFB_PHASE_NORMAL &&
           (r->requested || r->continuous) && r->out.size < RFB_OUTPUT_BUSY &&
           rfb_flow_open(r, now_ms);
}

/* The area that may be sent, in tiles: [x0, x1) × [y0, y1). A tile partly inside goes whole. */
struct span {
    unsigned x0, y0, x1, y1;
};

static struct span asked_for(const struct rfb *r)
{
    struct rfb_rect a = r->continuous ? r->continuous_area : r->request;
    if (!rfb_clip(r, &a))
        return (struct span){0, 0, 0, 0};
    return (struct span){a.x / RFB_TILE, a.y / RFB_TILE, (a.x + a.w - 1u) / RFB_TILE + 1,
                         (a.y + a.h - 1u) / RFB_TILE + 1};
}

/* Dirty tiles from next_row on, once around, so that a busy top never starves the bottom. */
static unsigned write_dirty(struct rfb *r, struct span s, size_t budget, int64_t now_ms)
{
    uint64_t end = rfb_offset(r) + budget;
    unsigned n = 0, rows = s.y1 - s.y0;
    unsigned start = r->next_row >= s.y0 && r->next_row < s.y1 ? r->next_row - s.y0 : 0;
    /* About a byte per pixel at worst, but for photos without JPEG: small windows, small rectangles. */
    size_t area = budget < AREA_MIN ? AREA_MIN : budget > RFB_JOIN_AREA ? RFB_JOIN_AREA : budget;
    struct rfb_pick pick = {false, (unsigned)area, now_ms};

    r->next_row = 0;
    for (unsigned i = 0; i < rows; i++) {
        unsigned ty = s.y0 + (start + i) % rows;
        for (unsigned tx = s.x0; tx < s.x1; tx++) {
            if (!rfb_tile(r, tx, ty)->dirty)
                continue;
            if (rfb_offset(r) >= end || r->out.failed) {
                r->next_row = ty;
                return n;
            }
            n += rfb_group_send(r, tx, ty, &pick);
        }
    }
    return n;
}

/* Little at a time: the next change waits behind it. A window that shrank says how slow the path is. */
static unsigned write_sharp(struct rfb *r, struct span s, int64_t now_ms)
{
    size_t part = r->flow.window / 4;
    uint64_t end = rfb_offset(r) + (part < SHARPEN_BUDGET ? part : SHARPEN_BUDGET);
    struct rfb_pick pick = {true, SHARPEN_AREA, now_ms};
    unsigned n = 0;

    if (now_ms - r->changed_ms < QUIET_MS || !rfb_flow_idle(r, now_ms))
        return 0;
    for (unsigned ty = s.y0; ty < s.y1; ty++) {
        for (unsigned tx = s.x0; tx < s.x1; tx++) {
            if (!rfb_group_due(rfb_tile(r, tx, ty), &pick))
                continue;
            if (rfb_offset(r) >= end || r->out.failed)
                return n;
            n += rfb_group_send(r, tx, ty, &pick);
        }
    }
    return n;
}

/* When something inside the asked-for area is due: 0 now, -1 never. */
static int64_t due_ms(const struct rfb *r, struct span s, int64_t now_ms)
{
    bool idle = rfb_flow_idle(r, now_ms);
    int64_t next = -1;
    if (!r->framed)
        return -1;
    for (unsigned ty = s.y0; ty < s.y1; ty++) {
        for (unsigned tx = s.x0; tx < s.x1; tx++) {
            const struct rfb_tile *t = rfb_tile(r, tx, ty);
            if (t->dirty)
                return now_ms;
            if (t->lossy && idle && (next < 0 || rfb_group_sharpen_ms(t) < next))
                next = rfb_group_sharpen_ms(t);
        }
    }
    if (next >= 0 && next < r->changed_ms + QUIET_MS)
        next = r->changed_ms + QUIET_MS;
    return next;
}

int rfb_update_next_ms(const struct rfb *r, int64_t now_ms)
{
    if (!rfb_update_allowed(r, now_ms))
        return -1; /* input or credit comes first, and that calls again */
    if (rfb_pseudo_waiting(r))
        return 0;
    int64_t at = due_ms(r, asked_for(r), now_ms);
    return at < 0 ? -1 : at <= now_ms ? 0 : (int)(at - now_ms);
}

static unsigned write_pixels(struct rfb *r, const struct rfb_frame *f, int64_t now_ms)
{
    struct span s = asked_for(r);
    size_t budget = rfb_flow_budget(r);
    bool whole = s.x0 == 0 && s.y0 == 0 && s.x1 == r->tiles_x && s.y1 == r->tiles_y;
    unsigned n = 0;

    if (f != NULL) {
        if (whole && r->viewer.copy_rect)
            n += rfb_scroll(r, f, now_ms);
        rfb_frame_accept(r, f, now_ms);
    }
    if (!r->framed)
        return 0;
    n += write_dirty(r, s, budget, now_ms);
    if (n == 0)
        n = write_sharp(r, s, now_ms);
    return n;
}

bool rfb_update_encode(struct rfb *r, const struct rfb_frame *f, int64_t now_ms)
{
    size_t header = r->out.size;
    unsigned n;

    rfb_out_put(&r->out, (const uint8_t[]){0, 0, 0, 0}, 4); /* FramebufferUpdate; count below */
    if (rfb_pseudo_size(r)) {
        /* A change of size goes alone: what follows in the same update would be ambiguous. */
        n = rfb_pseudo_write_size(r);
        if (f != NULL)
            rfb_frame_accept(r, f, now_ms);
    } else {
        n = rfb_pseudo_write(r);
        n += write_pixels(r, f, now_ms);
    }
    if (r->out.failed)
        return false;
    if (n == 0) {
        r->out.size = header;
        return false;
    }
    uint8_t *count = r->out.data + r->out.start + header + 2;
    count[0] = (uint8_t)(n >> 8);
    count[1] = (uint8_t)n;
    r->requested = false;
    r->updates++;
    rfb_flow_fence(r, now_ms);
    return true;
}
