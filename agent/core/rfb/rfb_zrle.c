/* ZRLE (RFC 6143 section 7.7.6): tiles of 64 × 64, each in the smallest of its forms, then zlib. It is
 * what viewers without Tight have; always exact. */
#include "rfb_internal.h"

enum { PACKED_MAX = 16, COLOURS_MAX = 127 };

struct sizes { /* bytes of a tile by form, before zlib */
    size_t raw, packed, rle, palette_rle;
};

static void put_colour(struct rfb *r, uint32_t colour)
{
    uint8_t p[4];
    rfb_pixels_pack_colour(&r->pixels, RFB_PACK_CPIXEL, colour, p);
    rfb_out_put(&r->scratch, p, rfb_pixels_size(&r->pixels, RFB_PACK_CPIXEL));
}

/* One tile as colours, row after row; runs go on over the ends of rows. */
struct grid {
    struct rfb_rect a;
    unsigned total;
    uint32_t colour[RFB_TILE * RFB_TILE];
};

static void read_grid(const struct rfb *r, struct rfb_rect a, struct grid *g)
{
    uint32_t *to = g->colour;
    g->a = a;
    g->total = (unsigned)a.w * a.h;
    for (unsigned y = 0; y < a.h; y++) {
        const uint8_t *p = rfb_copy_at(r, a.x, a.y + y);
        for (unsigned x = 0; x < a.w; x++, p += 4)
            *to++ = rfb_colour(p);
    }
}

static unsigned run_at(const struct grid *g, unsigned at)
{
    unsigned i = at + 1;
    while (i < g->total && g->colour[i] == g->colour[at])
        i++;
    return i - at;
}

static unsigned index_bits(unsigned colours)
{
    return colours <= 2 ? 1 : colours <= 4 ? 2 : 4;
}

/* colours 0: more than a palette holds. */
static struct sizes measure(const struct rfb *r, const struct grid *g, unsigned colours)
{
    size_t pixel = rfb_pixels_size(&r->pixels, RFB_PACK_CPIXEL);
    struct sizes s = {g->total * pixel, SIZE_MAX, 0, SIZE_MAX};
    size_t indexed = colours * pixel;

    for (unsigned at = 0, n; at < g->total; at += n) {
        n = run_at(g, at);
        s.rle += pixel + 1 + (n - 1) / 255;
        indexed += n == 1 ? 1 : 2 + (n - 1) / 255;
    }
    if (colours > 0)
        s.palette_rle = indexed;
    if (colours > 0 && colours <= PACKED_MAX)
        s.packed = colours * pixel + (g->a.w * index_bits(colours) + 7u) / 8 * (size_t)g->a.h;
    return s;
}

static void put_length(struct rfb *r, unsigned length)
{
    for (length--; length >= 255; length -= 255)
        rfb_out_u8(&r->scratch, 255);
    rfb_out_u8(&r->scratch, (uint8_t)length);
}

static void put_raw(struct rfb *r, struct rfb_rect a)
{
    size_t row = a.w * rfb_pixels_size(&r->pixels, RFB_PACK_CPIXEL);
    rfb_out_u8(&r->scratch, 0);
    uint8_t *to = rfb_out_reserve(&r->scratch, row * a.h);
    if (to == NULL)
        return;
    for (unsigned y = 0; y < a.h; y++, to += row)
        rfb_pixels_pack(&r->pixels, RFB_PACK_CPIXEL, rfb_copy_at(r, a.x, a.y + y), a.w, to);
    rfb_out_add(&r->scratch, row * a.h);
}

static void put_palette(struct rfb *r, uint8_t form)
{
    rfb_out_u8(&r->scratch, (uint8_t)(form + r->palette.n));
    for (unsigned i = 0; i < r->palette.n; i++)
        put_colour(r, r->palette.colour[i]);
}

static void put_packed(struct rfb *r, const struct grid *g)
{
    unsigned bits = index_bits(r->palette.n);
    const uint32_t *colour = g->colour;
    put_palette(r, 0);
    for (unsigned y = 0; y < g->a.h; y++) {
        unsigned byte = 0, filled = 0;
        for (unsigned x = 0; x < g->a.w; x++) {
            byte = byte << bits | rfb_palette_index(&r->palette, *colour++);
            filled += bits;
            if (filled == 8) {
                rfb_out_u8(&r->scratch, (uint8_t)byte);
                byte = filled = 0;
            }
        }
        if (filled > 0) /* each row begins with a byte of its own */
            rfb_out_u8(&r->scratch, (uint8_t)(byte << (8 - filled)));
    }
}

static void put_rle(struct rfb *r, const struct grid *g)
{
    rfb_out_u8(&r->scratch, 128);
    for (unsigned at = 0, n; at < g->total; at += n) {
        n = run_at(g, at);
        put_colour(r, g->colour[at]);
        put_length(r, n);
    }
}

static void put_palette_rle(struct rfb *r, const struct grid *g)
{
    put_palette(r, 128);
    for (unsigned at = 0, n; at < g->total; at += n) {
        unsigned i = rfb_palette_index(&r->palette, g->colour[at]);
        n = run_at(g, at);
        rfb_out_u8(&r->scratch, (uint8_t)(n == 1 ? i : i | 128));
        if (n > 1)
            put_length(r, n);
    }
}

static void put_tile(struct rfb *r, struct rfb_rect a)
{
    struct grid g;
    rfb_palette_clear(&r->palette);
    bool few = rfb_palette_add(&r->palette, rfb_copy_at(r, a.x, a.y), (size_t)r->width * 4, a.w,
                               a.h, COLOURS_MAX);
    if (few && r->palette.n == 1) {
        put_palette(r, 0);
        return;
    }
    read_grid(r, a, &g);
    struct sizes s = measure(r, &g, few ? r->palette.n : 0);
    if (s.packed <= s.raw && s.packed <= s.rle && s.packed <= s.palette_rle)
        put_packed(r, &g);
    else if (s.palette_rle <= s.raw && s.palette_rle <= s.rle)
        put_palette_rle(r, &g);
    else if (s.rle < s.raw)
        put_rle(r, &g);
    else
        put_raw(r, a);
}

void rfb_zrle(struct rfb *r, struct rfb_rect a)
{
    rfb_out_clear(&r->scratch);
    rfb_out_clear(&r->packed);
    for (unsigned y = 0; y < a.h; y += RFB_TILE) {
        for (unsigned x = 0; x < a.w; x += RFB_TILE) {
            struct rfb_rect t = {(uint16_t)(a.x + x), (uint16_t)(a.y + y), RFB_TILE, RFB_TILE};
            t.w = a.w - x < RFB_TILE ? (uint16_t)(a.w - x) : RFB_TILE;
            t.h = a.h - y < RFB_TILE ? (uint16_t)(a.h - y) : RFB_TILE;
            put_tile(r, t);
        }
    }
    rfb_stream_put(&r->zrle, r->viewer.compress, &r->scratch, &r->packed);
    if (r->packed.failed) {
        r->out.failed = true;
        return;
    }
    rfb_rect_header(r, a, RFB_ZRLE);
    rfb_out_u32(&r->out, (uint32_t)r->packed.size);
    rfb_out_put(&r->out, rfb_out_bytes(&r->packed), r->packed.size);
    r->rects[RFB_COUNT_LOSSLESS]++;
}
