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

void rfb_frame_dirty(struct rfb *r, const struct rfb_rect *area)
{
    struct rfb_rect a = *area;
    if (!rfb_clip(r, &a))
        return;
    for (unsigned ty = a.y / RFB_TILE; ty <= (a.y + a.h - 1u) / RFB_TILE; ty++)
        for (unsigned tx = a.x / RFB_TILE; tx <= (a.x + a.w - 1u) / RFB_TILE; tx++)
            r->tiles[ty * r->tiles_x + tx].dirty = true;
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
            struct rfb_tile *t = &r->tiles[ty * r->tiles_x + tx];
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

void rfb_frame_accept(struct rfb *r, const struct rfb_frame *f, int64_t now_ms)
{
    for (unsigned ty = 0; ty < r->tiles_y; ty++) {
        for (unsigned tx = 0; tx < r->tiles_x; tx++) {
            struct rfb_tile *t = &r->tiles[ty * r->tiles_x + tx];
            unsigned w, h;
            if (!t->changed || !shared(r, f, tx, ty, &w, &h))
                continue;
            for (unsigned y = 0; y < h; y++) {
                size_t row = (size_t)ty * RFB_TILE + y;
                memcpy(r->copy + (row * r->width + (size_t)tx * RFB_TILE) * 4,
                       f->pixels + row * f->stride + (size_t)tx * RFB_TILE * 4, (size_t)w * 4);
            }
            t->changed = false;
            t->dirty = true;
            t->kind = RFB_KIND_UNKNOWN;
            t->changed_ms = r->changed_ms = now_ms;
        }
    }
}
