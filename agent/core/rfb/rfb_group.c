/* Which tiles go as one rectangle, and in which encoding. Tiles are classified by their colours: one →
 * fill, at most 256 → palette (exact and small: text, windows), more → JPEG if the viewer wants it, else
 * zlib. Neighbours of one kind are joined; of the joined tiles only the box around what is dirty goes,
 * so a typed letter costs its own pixels and not its tile's. */
#include "rfb_internal.h"

enum {
    JOIN_WIDTH = 2048,       /* Tight's widest rectangle */
    SOLID_ROWS = 4096,
    SETTLED_MS = 600,        /* an area must not have changed for so long to be sharpened */
    PIXELS_PER_COLOUR = 4    /* a palette must pay for itself */
};

struct group {
    unsigned tx, ty, nx, ny;
    enum rfb_kind kind;
};

int64_t rfb_group_sharpen_ms(const struct rfb_tile *t)
{
    return t->changed_ms + SETTLED_MS;
}

bool rfb_group_due(const struct rfb_tile *t, const struct rfb_pick *p)
{
    return p->sharpen ? t->lossy && !t->dirty && p->now_ms >= rfb_group_sharpen_ms(t) : t->dirty;
}

static bool add_colours(const struct rfb *r, struct rfb_palette *p, struct rfb_rect a, unsigned max)
{
    /* Two colours are all an 8-bit viewer gains from: its pixels are as small as an index. */
    if (r->pixels.bytes == 1 && max > 2)
        max = 2;
    return rfb_palette_add(p, rfb_copy_at(r, a.x, a.y), (size_t)r->width * 4, a.w, a.h, max);
}

static void classify(struct rfb *r, unsigned tx, unsigned ty)
{
    struct rfb_tile *t = rfb_tile(r, tx, ty);
    if (t->kind != RFB_KIND_UNKNOWN)
        return;
    rfb_palette_clear(&r->probe);
    if (!add_colours(r, &r->probe, rfb_tile_area(r, tx, ty, 1, 1), 256))
        t->kind = RFB_KIND_MANY;
    else
        t->kind = r->probe.n == 1 ? RFB_KIND_SOLID : RFB_KIND_FEW;
    t->colour = r->probe.colour[0];
}

static bool alike(struct rfb *r, const struct group *g, unsigned tx, unsigned ty,
                  const struct rfb_pick *p)
{
    const struct rfb_tile *t = rfb_tile(r, tx, ty);
    if (!rfb_group_due(t, p))
        return false;
    if (p->sharpen || g->kind == RFB_KIND_UNKNOWN)
        return true;
    classify(r, tx, ty);
    return t->kind == g->kind &&
           (t->kind != RFB_KIND_SOLID || t->colour == rfb_tile(r, g->tx, g->ty)->colour);
}

static bool fits(const struct group *g, unsigned nx, unsigned ny, const struct rfb_pick *p)
{
    if (nx * RFB_TILE > JOIN_WIDTH || ny * RFB_TILE > SOLID_ROWS)
        return false;
    return g->kind == RFB_KIND_SOLID || nx * ny * RFB_TILE * RFB_TILE <= p->area_max;
}

/* Whether nx × ny tiles may join the group. For palettes r->palette holds the group's colours and
 * takes the new ones; when they are too many it is put back as it was. */
static bool joins(struct rfb *r, const struct group *g, unsigned tx, unsigned ty, unsigned nx,
                  unsigned ny, const struct rfb_pick *p)
{
    unsigned before = r->palette.n;
    for (unsigned y = ty; y < ty + ny; y++)
        for (unsigned x = tx; x < tx + nx; x++)
            if (!alike(r, g, x, y, p))
                return false;
    if (g->kind != RFB_KIND_FEW ||
        add_colours(r, &r->palette, rfb_tile_area(r, tx, ty, nx, ny), 256))
        return true;
    rfb_palette_cut(&r->palette, before);
    return false;
}

static void gather(struct rfb *r, struct group *g, const struct rfb_pick *p)
{
    g->nx = g->ny = 1;
    rfb_palette_clear(&r->palette);
    if (r->viewer.encoding != RFB_TIGHT) {
        g->kind = RFB_KIND_UNKNOWN; /* nothing to choose */
    } else if (p->sharpen) {
        g->kind = RFB_KIND_MANY;
    } else {
        classify(r, g->tx, g->ty);
        g->kind = rfb_tile(r, g->tx, g->ty)->kind;
        if (g->kind == RFB_KIND_FEW)
            (void)add_colours(r, &r->palette, rfb_tile_area(r, g->tx, g->ty, 1, 1), 256);
    }
    while (g->tx + g->nx < r->tiles_x && fits(g, g->nx + 1, 1, p) &&
           joins(r, g, g->tx + g->nx, g->ty, 1, 1, p))
        g->nx++;
    while (g->ty + g->ny < r->tiles_y && fits(g, g->nx, g->ny + 1, p) &&
           joins(r, g, g->tx, g->ty + g->ny, g->nx, 1, p))
        g->ny++;
}

/* The box around what is dirty in the group. */
static struct rfb_rect dirty_area(const struct rfb *r, const struct group *g)
{
    unsigned x0 = UINT16_MAX, y0 = UINT16_MAX, x1 = 0, y1 = 0;
    for (unsigned ty = g->ty; ty < g->ty + g->ny; ty++) {
        for (unsigned tx = g->tx; tx < g->tx + g->nx; tx++) {
            const struct rfb_tile *t = rfb_tile(r, tx, ty);
            unsigned x = tx * RFB_TILE, y = ty * RFB_TILE;
            x0 = x + t->x0 < x0 ? x + t->x0 : x0;
            y0 = y + t->y0 < y0 ? y + t->y0 : y0;
            x1 = x + t->x1 > x1 ? x + t->x1 : x1;
            y1 = y + t->y1 > y1 ? y + t->y1 : y1;
        }
    }
    return (struct rfb_rect){(uint16_t)x0, (uint16_t)y0, (uint16_t)(x1 - x0), (uint16_t)(y1 - y0)};
}

/* Tight: true when the area went as JPEG. whole: all of the group's tiles, whose palette is known. */
static bool put_tight(struct rfb *r, const struct group *g, struct rfb_rect a, bool whole,
                      bool lossless)
{
    unsigned max = (unsigned)a.w * a.h / PIXELS_PER_COLOUR;
    bool few = g->kind == RFB_KIND_FEW, lossy = false;

    if (g->kind == RFB_KIND_SOLID) {
        rfb_tight_solid(r, a, rfb_tile(r, g->tx, g->ty)->colour);
        return false;
    }
    if (!few || !whole) { /* a part may have fewer colours than its tiles */
        rfb_palette_clear(&r->palette);
        few = add_colours(r, &r->palette, a, max < 2 ? 2 : max < 256 ? max : 256);
    }
    if (few && r->palette.n == 1)
        rfb_tight_solid(r, a, r->palette.colour[0]);
    else
        rfb_tight(r, a, few ? &r->palette : NULL, lossless, &lossy);
    return lossy;
}

static bool same_area(struct rfb_rect a, struct rfb_rect b)
{
    return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

/* A tile is exact again when all of it went exactly: not when only a part of it did. */
static void mark_sent(struct rfb *r, const struct group *g, bool whole, bool lossy)
{
    for (unsigned ty = g->ty; ty < g->ty + g->ny; ty++) {
        for (unsigned tx = g->tx; tx < g->tx + g->nx; tx++) {
            struct rfb_tile *t = rfb_tile(r, tx, ty);
            t->dirty = false;
            t->lossy = lossy || (t->lossy && !whole);
        }
    }
}

unsigned rfb_group_send(struct rfb *r, unsigned tx, unsigned ty, const struct rfb_pick *p)
{
    struct group g = {.tx = tx, .ty = ty};
    bool lossy = false;

    gather(r, &g, p);
    struct rfb_rect all = rfb_tile_area(r, tx, ty, g.nx, g.ny);
    struct rfb_rect a = p->sharpen ? all : dirty_area(r, &g);
    bool whole = same_area(a, all);
    if (r->viewer.encoding == RFB_ZRLE)
        rfb_zrle(r, a);
    else if (r->viewer.encoding == RFB_TIGHT)
        lossy = put_tight(r, &g, a, whole, p->sharpen);
    else
        rfb_raw(r, a);
    mark_sent(r, &g, whole, lossy);
    return 1;
}

void rfb_fill_scratch(struct rfb *r, struct rfb_rect a, enum rfb_packing k)
{
    size_t row = a.w * rfb_pixels_size(&r->pixels, k);
    rfb_out_clear(&r->scratch);
    uint8_t *to = rfb_out_reserve(&r->scratch, row * a.h);
    if (to == NULL)
        return;
    for (unsigned y = 0; y < a.h; y++, to += row)
        rfb_pixels_pack(&r->pixels, k, rfb_copy_at(r, a.x, a.y + y), a.w, to);
    rfb_out_add(&r->scratch, row * a.h);
}

void rfb_raw(struct rfb *r, struct rfb_rect a)
{
    rfb_rect_header(r, a, RFB_RAW);
    rfb_fill_scratch(r, a, RFB_PACK_PIXEL);
    rfb_out_put(&r->out, rfb_out_bytes(&r->scratch), r->scratch.size);
    r->out.failed |= r->scratch.failed;
    r->rects[RFB_COUNT_LOSSLESS]++;
}
