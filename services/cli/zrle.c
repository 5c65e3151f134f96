/* See zrle.h. */
#include "zrle.h"

#include <stdbool.h>

enum { TILE = 64, PLAIN_RLE = 128, PACKED_MAX = 16, PIXEL = 3 };

struct tile {
    z_stream *z;
    uint32_t *at;     /* its first pixel */
    unsigned width;   /* of the picture */
    unsigned w, h;
};

static bool take(z_stream *z, uint8_t *to, size_t n)
{
    z->next_out = to;
    z->avail_out = (uInt)n;
    int e = inflate(z, Z_SYNC_FLUSH);
    return (e == Z_OK || e == Z_BUF_ERROR) && z->avail_out == 0;
}

static bool take_colours(z_stream *z, uint32_t *to, unsigned n)
{
    uint8_t p[PIXEL];
    for (unsigned i = 0; i < n; i++) {
        if (!take(z, p, sizeof p))
            return false;
        to[i] = (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
    }
    return true;
}

static void set(const struct tile *t, unsigned i, uint32_t colour)
{
    t->at[(size_t)(i / t->w) * t->width + i % t->w] = colour;
}

static bool read_raw(const struct tile *t)
{
    for (unsigned y = 0; y < t->h; y++)
        if (!take_colours(t->z, t->at + (size_t)y * t->width, t->w))
            return false;
    return true;
}

static bool read_packed(const struct tile *t, const uint32_t *palette, unsigned colours)
{
    unsigned bits = colours == 2 ? 1 : colours <= 4 ? 2 : 4;
    uint8_t byte = 0;
    for (unsigned y = 0; y < t->h; y++) {
        for (unsigned x = 0; x < t->w; x++) {
            unsigned at = x * bits % 8; /* each row begins with a byte of its own */
            if (at == 0 && !take(t->z, &byte, 1))
                return false;
            unsigned index = byte >> (8 - bits - at) & ((1u << bits) - 1);
            if (index >= colours)
                return false;
            set(t, y * t->w + x, palette[index]);
        }
    }
    return true;
}

static bool read_length(z_stream *z, unsigned *length)
{
    uint8_t byte;
    *length = 1;
    do {
        if (!take(z, &byte, 1))
            return false;
        *length += byte;
    } while (byte == 255 && *length <= TILE * TILE);
    return true;
}

/* colours 0: each run names its colour itself. */
static bool read_runs(const struct tile *t, const uint32_t *palette, unsigned colours)
{
    unsigned total = t->w * t->h, length;
    for (unsigned i = 0; i < total; i += length) {
        uint32_t colour;
        uint8_t index = 128;
        if (colours > 0) {
            if (!take(t->z, &index, 1) || (index & 127u) >= colours)
                return false;
            colour = palette[index & 127];
        } else if (!take_colours(t->z, &colour, 1)) {
            return false;
        }
        length = 1;
        if ((index & 128) && !read_length(t->z, &length))
            return false;
        if (length > total - i)
            return false;
        for (unsigned j = 0; j < length; j++)
            set(t, i + j, colour);
    }
    return true;
}

static bool read_tile(const struct tile *t)
{
    uint32_t palette[128];
    uint8_t form;
    if (!take(t->z, &form, 1) || !take_colours(t->z, palette, form & 127))
        return false;
    if (form == 0)
        return read_raw(t);
    if (form == 1) {
        for (unsigned i = 0; i < t->w * t->h; i++)
            set(t, i, palette[0]);
        return true;
    }
    if (form <= PACKED_MAX)
        return read_packed(t, palette, form);
    return (form == PLAIN_RLE || form >= 130) && read_runs(t, palette, form & 127);
}

int zrle_rect(z_stream *z, const uint8_t *p, size_t size, const struct zrle_picture *to, unsigned x, unsigned y,
              unsigned w, unsigned h)
{
    z->next_in = (Bytef *)p;
    z->avail_in = (uInt)size;
    for (unsigned j = 0; j < h; j += TILE) {
        for (unsigned i = 0; i < w; i += TILE) {
            struct tile t = {z, to->pixels + (size_t)(y + j) * to->width + x + i, to->width,
                             w - i < TILE ? w - i : TILE, h - j < TILE ? h - j : TILE};
            if (!read_tile(&t))
                return -1;
        }
    }
    uint8_t more;
    z->next_out = &more; /* only the flush's own block may be left */
    z->avail_out = 1;
    inflate(z, Z_SYNC_FLUSH);
    return z->avail_in == 0 && z->avail_out == 1 ? 0 : -1;
}
