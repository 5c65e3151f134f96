/* Our copy of the picture. Comparing it tile by tile with each captured frame (memcmp of 1080p takes
 * about a millisecond) tells what changed however bad the capture's own hints are, and each tile
 * remembers whether the viewer has it, and whether it has it exactly. */
#include "rfb_internal.h"

#include <stdlib.h>

bool rfb_clip(const struct rfb *r, struct rfb_rect *a)
{
    if (a->x >= r->width || a->y >= r->height || a->w == 0 || a->h == 0)
        return false;
    if (a->w > r->width - a->x)
        a->w = (uint16_t)(r->width - a->x);
    if (a->h > r->height - a->y)
        a->h = (uint16_t)(r->height - a->y);
    return true;
}

enum rfb_result rfb_frame_resize(struct rfb *r, uint16_t w, uint16_t h)
{
    unsigned tx = (w + RFB_TILE - 1u) / RFB_TILE, ty = (h + RFB_TILE - 1u) / RFB_TILE;
    uint8_t *copy = calloc((size_t)w * h, 4);
    struct rfb_tile *tiles = calloc((size_t)tx * ty, sizeof *tiles);

    if (copy == NULL || tiles == NULL) {
        free(copy);
        free(tiles);
        return RFB_ERR_MEMORY;
    }
    free(r->copy);
    free(r->tiles);
    r->copy = copy;
    r->tiles = tiles;
    r->width = w;
    r->height = h;
    r->tiles_x = tx;
    r->tiles_y = ty;
    r->next_row = 0;
    rfb_frame_dirty(r, &(struct rfb_rect){0, 0, w, h});
    return RFB_OK;
}

struct rfb_rect rfb_tile_area(const struct rfb *r, unsigned tx, unsigned ty, unsigned nx,
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

/* Part of a tile, in pixels from its corner; ends exclusive. */
struct box {
    unsigned x0, y0, x1, y1;
};

static void add_dirty(struct rfb_tile *t, const struct box *b)
{
    bool first = !t->dirty;
    t->x0 = (uint8_t)(first || b->x0 < t->x0 ? b->x0 : t->x0);
    t->y0 = (uint8_t)(first || b->y0 < t->y0 ? b->y0 : t->y0);
    t->x1 = (uint8_t)(first || b->x1 > t->x1 ? b->x1 : t->x1);
    t->y1 = (uint8_t)(first || b->y1 > t->y1 ? b->y1 : t->y1);
    t->dirty = true;
}

void rfb_frame_dirty(struct rfb *r, const struct rfb_rect *area)
{
    struct rfb_rect a = *area;
    if (!rfb_clip(r, &a))
        return;
    for (unsigned ty = a.y / RFB_TILE; ty <= (a.y + a.h - 1u) / RFB_TILE; ty++) {
        for (unsigned tx = a.x / RFB_TILE; tx <= (a.x + a.w - 1u) / RFB_TILE; tx++) {
            unsigned x = tx * RFB_TILE, y = ty * RFB_TILE, x1 = a.x + a.w, y1 = a.y + a.h;
            struct box b = {a.x > x ? a.x - x : 0, a.y > y ? a.y - y : 0,
                            x1 - x < RFB_TILE ? x1 - x : RFB_TILE,
                            y1 - y < RFB_TILE ? y1 - y : RFB_TILE};
            add_dirty(rfb_tile(r, tx, ty), &b);
        }
    }
}

/* The part of tile (tx, ty) that frame and copy share. Outside the frame the copy stays black. */
static bool shared(const struct rfb *r, const struct rfb_frame *f, unsigned tx, unsigned ty,
                   unsigned *w, unsigned *h)
{
    unsigned right = r->width < f->width ? r->width : f->width;
    unsigned bottom = r->height < f->height ? r->height : f->height;
    unsigned x = tx * RFB_TILE, y = ty * RFB_TILE;

    if (x >= right || y >= bottom)
        return false;
    *w = right - x < RFB_TILE ? right - x : RFB_TILE;
    *h = bottom - y < RFB_TILE ? bottom - y : RFB_TILE;
    return true;
}

static bool differs(const struct rfb *r, const struct rfb_frame *f, unsigned tx, unsigned ty)
{
    unsigned w, h;
    if (!shared(r, f, tx, ty, &w, &h))
        return false;
    const uint8_t *old = rfb_copy_at(r, tx * RFB_TILE, ty * RFB_TILE);
    const uint8_t *new = f->pixels + (size_t)ty * RFB_TILE * f->stride + (size_t)tx * RFB_TILE * 4;
    for (unsigned y = 0; y < h; y++, old += (size_t)r->width * 4, new += f->stride)
        if (memcmp(old, new, (size_t)w * 4) != 0)
            return true;
    return false;
}

static unsigned compare_area(struct rfb *r, const struct rfb_frame *f, struct rfb_rect a)
{
    unsigned n = 0;
    if (!rfb_clip(r, &a))
        return 0;
    for (unsigned ty = a.y / RFB_TILE; ty <= (a.y + a.h - 1u) / RFB_TILE; ty++) {
        for (unsigned tx = a.x / RFB_TILE; tx <= (a.x + a.w - 1u) / RFB_TILE; tx++) {
            struct rfb_tile *t = rfb_tile(r, tx, ty);
            if (!t->changed && differs(r, f, tx, ty)) {
                t->changed = true;
                n++;
            }
        }
    }
    return n;
}

unsigned rfb_frame_compare(struct rfb *r, const struct rfb_frame *f, const struct rfb_rect *hints,
                           size_t hint_count)
{
    unsigned n = 0;
    if (hints == NULL)
        return compare_area(r, f, (struct rfb_rect){0, 0, r->width, r->height});
    for (size_t i = 0; i < hint_count; i++)
        n += compare_area(r, f, hints[i]);
    return n;
}

static bool same_pixel(const uint8_t *a, const uint8_t *b)
{
    return rfb_colour(a) == rfb_colour(b);
}

/* What differs of a row of w pixels, beyond what b spans already. False: nothing of the row does. */
static bool spread(const uint8_t *old, const uint8_t *new, unsigned w, struct box *b)
{
    unsigned x0 = 0, x1 = w;
    while (x0 < w && same_pixel(old + (size_t)x0 * 4, new + (size_t)x0 * 4))
        x0++;
    if (x0 == w)
        return false; /* only fourth bytes */
    while (same_pixel(old + (size_t)(x1 - 1) * 4, new + (size_t)(x1 - 1) * 4))
        x1--;
    b->x0 = x0 < b->x0 ? x0 : b->x0;
    b->x1 = x1 > b->x1 ? x1 : b->x1;
    return true;
}

/* Takes what differs of one tile into the copy; false: nothing does. */
static bool take_tile(struct rfb *r, const struct rfb_frame *f, unsigned tx, unsigned ty,
                      unsigned w, unsigned h, struct box *b)
{
    uint8_t *old = r->copy + ((size_t)ty * RFB_TILE * r->width + (size_t)tx * RFB_TILE) * 4;
    const uint8_t *new = f->pixels + (size_t)ty * RFB_TILE * f->stride + (size_t)tx * RFB_TILE * 4;
    *b = (struct box){w, h, 0, 0};
    for (unsigned y = 0; y < h; y++, old += (size_t)r->width * 4, new += f->stride) {
        if (memcmp(old, new, (size_t)w * 4) == 0)
            continue;
        if (spread(old, new, w, b)) {
            b->y0 = y < b->y0 ? y : b->y0;
            b->y1 = y + 1;
        }
        memcpy(old, new, (size_t)w * 4);
    }
    return b->y1 > 0;
}

void rfb_frame_accept(struct rfb *r, const struct rfb_frame *f, int64_t now_ms)
{
    for (unsigned ty = 0; ty < r->tiles_y; ty++) {
        for (unsigned tx = 0; tx < r->tiles_x; tx++) {
            struct rfb_tile *t = rfb_tile(r, tx, ty);
            struct box b;
            unsigned w, h;
            if (!t->changed)
                continue;
            t->changed = false;
            if (!shared(r, f, tx, ty, &w, &h) || !take_tile(r, f, tx, ty, w, h, &b))
                continue;
            add_dirty(t, &b);
            t->kind = RFB_KIND_UNKNOWN;
            t->changed_ms = r->changed_ms = now_ms;
        }
    }
}
