/* One framebuffer update: which tiles go, joined to which rectangles, in which encoding. Tiles are
 * classified by their colours: one → fill, at most 256 → palette (exact and small: text, windows),
 * more → JPEG if the viewer wants it, else zlib. Neighbours of one kind are joined. What went as JPEG
 * is sent again exactly when the picture has been quiet for a moment. */
#include "rfb_internal.h"

enum {
    JOIN_AREA = 65536,      /* pixels in one compressed rectangle: bounds every buffer */
    JOIN_WIDTH = 2048,      /* Tight's widest rectangle */
    SOLID_ROWS = 4096,
    QUIET_MS = 250,         /* without any change, before sharpening starts */
    SETTLED_MS = 600,       /* an area must not have changed for so long to be sharpened */
    SHARPEN_BUDGET = 96 * 1024
};

struct group { /* tiles that go as one rectangle */
    unsigned tx, ty, nx, ny;
    enum rfb_kind kind;
};

static struct rfb_tile *tile(struct rfb *r, unsigned tx, unsigned ty)
{
    return &r->tiles[ty * r->tiles_x + tx];
}

static struct rfb_rect area_of(const struct rfb *r, unsigned tx, unsigned ty, unsigned nx,
                               unsigned ny)
{
    struct rfb_rect a = {(uint16_t)(tx * RFB_TILE), (uint16_t)(ty * RFB_TILE),
                         (uint16_t)(nx * RFB_TILE), (uint16_t)(ny * RFB_TILE)};
    if (a.w > r->width - a.x)
        a.w = (uint16_t)(r->width - a.x);
    if (a.h > r->height - a.y)
        a.h = (uint16_t)(r->height - a.y);
    return a;
}

bool rfb_update_allowed(const struct rfb *r, int64_t now_ms)
{
    return r->failed == RFB_OK && r->phase == RFB_PHASE_NORMAL &&
           (r->requested || r->continuous) && r->out.size < RFB_OUTPUT_BUSY &&
           rfb_flow_open(r, now_ms);
}

static bool add_colours(struct rfb *r, struct rfb_rect a)
{
    /* Two colours are all an 8-bit viewer gains from: its pixels are as small as an index. */
    unsigned max = r->pixels.bytes == 1 ? 2 : 256;
    return rfb_palette_add(&r->palette, rfb_copy_at(r, a.x, a.y), (size_t)r->width * 4, a.w, a.h,
                           max);
}

static void classify(struct rfb *r, unsigned tx, unsigned ty)
{
    struct rfb_tile *t = tile(r, tx, ty);
    if (t->kind != RFB_KIND_UNKNOWN)
        return;
    rfb_palette_clear(&r->palette);
    if (!add_colours(r, area_of(r, tx, ty, 1, 1)))
        t->kind = RFB_KIND_MANY;
    else
        t->kind = r->palette.n == 1 ? RFB_KIND_SOLID : RFB_KIND_FEW;
    t->colour = r->palette.colour[0];
}

static bool fits(const struct group *g, unsigned nx, unsigned ny)
{
    if (nx * RFB_TILE > JOIN_WIDTH || ny * RFB_TILE > SOLID_ROWS)
        return false;
    return g->kind == RFB_KIND_SOLID || nx * ny * RFB_TILE * RFB_TILE <= JOIN_AREA;
}

/* Whether a row or column of nx × ny tiles may join the group. For palettes r->palette holds the
 * group's colours and takes the new ones; when they are too many it is put back as it was. */
static bool joins(struct rfb *r, const struct group *g, unsigned tx, unsigned ty, unsigned nx,
                  unsigned ny, bool sharpen, int64_t now_ms)
{
    for (unsigned y = ty; y < ty + ny; y++) {
        for (unsigned x = tx; x < tx + nx; x++) {
            const struct rfb_tile *t = tile(r, x, y);
            bool due = sharpen ? t->lossy && now_ms - t->changed_ms >= SETTLED_MS : t->dirty;
            if (!due)
                return false;
            if (g->kind == RFB_KIND_UNKNOWN) /* encoding without kinds */
                continue;
            if (t->kind != g->kind)
                return false;
            if (g->kind == RFB_KIND_SOLID && t->colour != tile(r, g->tx, g->ty)->colour)
                return false;
        }
    }
    if (g->kind != RFB_KIND_FEW)
        return true;
    unsigned before = r->palette.n;
    if (add_colours(r, area_of(r, tx, ty, nx, ny)))
        return true;
    struct rfb_palette *p = &r->palette;
    memset(p->slot, 0, sizeof p->slot);
    unsigned all = before;
    p->n = 0;
    for (unsigned i = 0; i < all; i++) {
        uint32_t c = p->colour[i];
        uint8_t bgrx[4] = {(uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16), 0};
        (void)rfb_palette_add(p, bgrx, 4, 1, 1, 256);
    }
    return false;
}

/* Classifies the dirty neighbours that joins() will ask about. */
static void classify_around(struct rfb *r, const struct group *g, unsigned tx0, unsigned tx1)
{
    enum { REACH = JOIN_WIDTH / RFB_TILE };
    for (unsigned ty = g->ty; ty < r->tiles_y && ty <= g->ty + REACH; ty++)
        for (unsigned tx = tx0; tx < tx1; tx++)
            if (tile(r, tx, ty)->dirty)
                classify(r, tx, ty);
}

static void gather(struct rfb *r, struct group *g, bool sharpen, int64_t now_ms)
{
    g->nx = g->ny = 1;
    if (r->viewer.encoding != RFB_TIGHT) {
        g->kind = RFB_KIND_UNKNOWN;
    } else if (sharpen) {
        g->kind = RFB_KIND_MANY;
    } else {
        unsigned reach = g->tx + JOIN_WIDTH / RFB_TILE;
        classify_around(r, g, g->tx, reach < r->tiles_x ? reach : r->tiles_x);
        g->kind = tile(r, g->tx, g->ty)->kind;
        rfb_palette_clear(&r->palette);
        if (g->kind == RFB_KIND_FEW)
            (void)add_colours(r, area_of(r, g->tx, g->ty, 1, 1));
    }
    while (g->tx + g->nx < r->tiles_x && fits(g, g->nx + 1, 1) &&
           joins(r, g, g->tx + g->nx, g->ty, 1, 1, sharpen, now_ms))
        g->nx++;
    while (g->ty + g->ny < r->tiles_y && fits(g, g->nx, g->ny + 1) &&
           joins(r, g, g->tx, g->ty + g->ny, g->nx, 1, sharpen, now_ms))
        g->ny++;
}

static unsigned encode_group(struct rfb *r, const struct group *g, bool lossless)
{
    struct rfb_rect a = area_of(r, g->tx, g->ty, g->nx, g->ny);
    bool lossy = false;
    unsigned n;

    if (r->viewer.encoding == RFB_ZRLE)
        n = rfb_zrle(r, a);
    else if (r->viewer.encoding != RFB_TIGHT)
        n = rfb_raw(r, a);
    else if (g->kind == RFB_KIND_SOLID)
        n = rfb_tight_solid(r, a, tile(r, g->tx, g->ty)->colour);
    else
        n = rfb_tight(r, a, g->kind == RFB_KIND_FEW ? &r->palette : NULL, lossless, &lossy);
    for (unsigned ty = g->ty; ty < g->ty + g->ny; ty++) {
        for (unsigned tx = g->tx; tx < g->tx + g->nx; tx++) {
            tile(r, tx, ty)->dirty = false;
            tile(r, tx, ty)->lossy = lossy;
        }
    }
    return n;
}

unsigned rfb_raw(struct rfb *r, struct rfb_rect a)
{
    size_t row = a.w * rfb_pixels_size(&r->pixels, RFB_PACK_PIXEL);
    rfb_rect_header(r, a, RFB_RAW);
    uint8_t *to = rfb_out_reserve(&r->out, row * a.h);
    if (to == NULL)
        return 1;
    for (unsigned y = 0; y < a.h; y++, to += row)
        rfb_pixels_pack(&r->pixels, RFB_PACK_PIXEL, rfb_copy_at(r, a.x, a.y + y), a.w, to);
    rfb_out_add(&r->out, row * a.h);
    return 1;
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

    r->next_row = 0;
    for (unsigned i = 0; i < rows; i++) {
        unsigned ty = s.y0 + (start + i) % rows;
        for (unsigned tx = s.x0; tx < s.x1; tx++) {
            struct group g = {.tx = tx, .ty = ty};
            if (!tile(r, tx, ty)->dirty)
                continue;
            if (rfb_offset(r) >= end || r->out.failed) {
                r->next_row = ty;
                return n;
            }
            gather(r, &g, false, now_ms);
            n += encode_group(r, &g, false);
        }
    }
    return n;
}

static unsigned write_sharp(struct rfb *r, struct span s, int64_t now_ms)
{
    uint64_t end = rfb_offset(r) + SHARPEN_BUDGET;
    unsigned n = 0;

    if (now_ms - r->changed_ms < QUIET_MS)
        return 0;
    for (unsigned ty = s.y0; ty < s.y1; ty++) {
        for (unsigned tx = s.x0; tx < s.x1; tx++) {
            const struct rfb_tile *t = tile(r, tx, ty);
            struct group g = {.tx = tx, .ty = ty};
            if (!t->lossy || now_ms - t->changed_ms < SETTLED_MS)
                continue;
            if (rfb_offset(r) >= end || r->out.failed)
                return n;
            gather(r, &g, true, now_ms);
            n += encode_group(r, &g, true);
        }
    }
    return n;
}

int rfb_next_ms(const struct rfb *r, int64_t now_ms)
{
    int64_t next = -1;
    if (!rfb_update_allowed(r, now_ms))
        return -1; /* input or credit comes first, and that calls again */
    if (rfb_pseudo_waiting(r))
        return 0;
    for (unsigned i = 0; i < r->tiles_x * r->tiles_y; i++) {
        const struct rfb_tile *t = &r->tiles[i];
        if (t->dirty)
            return 0;
        if (!t->lossy)
            continue;
        int64_t at = t->changed_ms + SETTLED_MS;
        if (at < r->changed_ms + QUIET_MS)
            at = r->changed_ms + QUIET_MS;
        if (next < 0 || at < next)
            next = at;
    }
    if (next < 0)
        return -1;
    return next <= now_ms ? 0 : (int)(next - now_ms);
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
    n += write_dirty(r, s, budget, now_ms);
    if (n == 0)
        n = write_sharp(r, s, now_ms);
    return n;
}

enum rfb_result rfb_update_encode(struct rfb *r, const struct rfb_frame *f, int64_t now_ms,
                                  bool *sent)
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
        return RFB_ERR_MEMORY; /* the caller's settle() finds out which */
    if (n == 0) {
        r->out.size = header;
        return RFB_OK;
    }
    uint8_t *count = r->out.data + r->out.start + header + 2;
    count[0] = (uint8_t)(n >> 8);
    count[1] = (uint8_t)n;
    r->requested = false;
    r->updates++;
    rfb_flow_fence(r, now_ms);
    *sent = true;
    return RFB_OK;
}
