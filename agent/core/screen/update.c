/* Which tiles changed, and the FramebufferUpdate that carries them. The engine keeps a copy of what the client
 * has; comparing 64 × 64 tiles by memcmp costs about a millisecond for a full picture. */
#include "rfb_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TILE_COST = 1024 }; /* expected bytes of one tile, to stop before room is used up */

static unsigned tiles_across(const struct rfb *r)
{
    return (r->width + RFB_TILE - 1) / RFB_TILE;
}

static unsigned tiles_down(const struct rfb *r)
{
    return (r->height + RFB_TILE - 1) / RFB_TILE;
}

static struct rect tile_rect(const struct rfb *r, unsigned tile)
{
    struct rect t = {tile % tiles_across(r) * RFB_TILE, tile / tiles_across(r) * RFB_TILE, RFB_TILE, RFB_TILE};
    if (t.x + t.w > r->width)
        t.w = r->width - t.x;
    if (t.y + t.h > r->height)
        t.h = r->height - t.y;
    return t;
}

/* Compares and copies: after this the shadow is the frame there. The fourth byte of a pixel says nothing. */
static bool take_tile(struct rfb *r, const struct rfb_frame *frame, const struct rect *t)
{
    bool changed = false;
    for (unsigned y = 0; y < t->h; y++) {
        const uint8_t *from = frame->pixels + (t->y + y) * frame->stride + (size_t)t->x * 4;
        uint8_t *to = r->shadow + ((size_t)(t->y + y) * r->width + t->x) * 4;
        if (memcmp(from, to, (size_t)t->w * 4) != 0) {
            memcpy(to, from, (size_t)t->w * 4);
            changed = true;
        }
    }
    return changed;
}

static bool overlaps(const struct rect *a, const struct rect *b)
{
    return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static void begin_update(struct rfb *r, unsigned rects)
{
    uint8_t h[4] = {0};
    put_u16(h + 2, rects);
    r->hooks.send(r->hooks.user, h, sizeof h);
}

static bool resize(struct rfb *r, unsigned width, unsigned height)
{
    uint8_t *shadow = calloc((size_t)width * height, 4);
    unsigned across = (width + RFB_TILE - 1) / RFB_TILE, down = (height + RFB_TILE - 1) / RFB_TILE;
    uint8_t *lossy = calloc(across, down);
    if (!shadow || !lossy) {
        free(shadow);
        free(lossy);
        return false;
    }
    free(r->shadow);
    free(r->lossy);
    r->shadow = shadow;
    r->lossy = lossy;
    r->width = width;
    r->height = height;
    r->next_tile = 0;
    r->full = true;
    r->wanted = (struct rect){0, 0, width, height};
    return true;
}

static void send_size(struct rfb *r)
{
    struct rect rect = {0, 0, r->width, r->height};
    uint8_t screen[20] = {1}; /* one screen, then padding; id 1 */
    r->announce_size = false;
    rfb_send_rect_header(r, &rect, r->extended_size ? ENCODING_EXTENDED_SIZE : ENCODING_DESKTOP_SIZE);
    if (!r->extended_size)
        return;
    put_u32(screen + 4, 1);
    put_u16(screen + 12, r->width);
    put_u16(screen + 14, r->height);
    r->hooks.send(r->hooks.user, screen, sizeof screen);
}

/* Pseudo rectangles that are due. Each is an update of its own, so nothing has to be counted ahead. */
static void send_pseudo(struct rfb *r)
{
    if (r->announce_size && (r->size_wanted || r->extended_size)) {
        begin_update(r, 1);
        send_size(r);
    }
    if (r->announce_qemu) {
        struct rect none = {0};
        r->announce_qemu = false;
        begin_update(r, 1);
        rfb_send_rect_header(r, &none, ENCODING_QEMU_KEY);
    }
    if (r->cursor_due && r->cursor_wanted) {
        begin_update(r, 1);
        rfb_send_cursor(r);
    }
}

bool rfb_wants_update(const struct rfb *r)
{
    return r->state == RFB_NORMAL && (r->requested || r->continuous);
}

/* Sends one tile if it changed, or if it was lossy and the screen is quiet. Returns the bytes. */
static size_t send_tile(struct rfb *r, const struct rfb_frame *frame, unsigned tile, bool refresh)
{
    struct rect t = tile_rect(r, tile);
    bool lossy;
    bool changed = take_tile(r, frame, &t);
    if (!changed && !(refresh && r->lossy[tile]) && !(r->full && overlaps(&t, &r->wanted)))
        return 0;
    begin_update(r, 1);
    size_t n = rfb_encode_rect(r, frame, &t, refresh && !changed, &lossy);
    r->lossy[tile] = lossy;
    r->requested = false;
    return n + 16;
}

void rfb_update(struct rfb *r, const struct rfb_frame *frame, size_t room)
{
    size_t used = 0;
    if (!rfb_wants_update(r) || frame->width == 0 || frame->height == 0)
        return;
    if ((frame->width != r->width || frame->height != r->height)) {
        if (!(r->size_wanted || r->extended_size) || !resize(r, frame->width, frame->height))
            return;
        r->announce_size = true;
    }
    send_pseudo(r);
    unsigned total = tiles_across(r) * tiles_down(r), sent = 0, done = 0;
    for (; done < total && used + TILE_COST * 16 < room; done++) {
        unsigned tile = (r->next_tile + done) % total;
        size_t n = send_tile(r, frame, tile, false);
        used += n;
        sent += n > 0;
    }
    r->next_tile = (r->next_tile + done) % total;
    if (done == total)
        r->full = false;
    /* Quiet: what went out as JPEG goes out exactly now. */
    for (unsigned i = 0; done == total && sent == 0 && i < total && used + TILE_COST * 16 < room; i++)
        if (r->lossy[i])
            used += send_tile(r, frame, i, true);
}

void rfb_set_cursor(struct rfb *r, const struct rfb_cursor *cursor)
{
    static const uint8_t none[4];
    struct rfb_cursor empty = {none, 1, 1, 0, 0};
    const struct rfb_cursor *c =
        cursor && cursor->width > 0 && cursor->width <= CURSOR_MAX && cursor->height > 0 && cursor->height <= CURSOR_MAX
            ? cursor
            : &empty;
    size_t n = (size_t)c->width * c->height * 4;
    uint8_t *pixels = malloc(n);
    if (!pixels)
        return;
    memcpy(pixels, c->pixels, n);
    free(r->cursor_pixels);
    r->cursor_pixels = pixels;
    r->cursor = *c;
    r->cursor_due = true;
}
