/* Pixel formats of viewers (RFC 6143 section 7.4): true colour with 8, 16 or 32 bits, any shifts, both
 * byte orders. Each colour part becomes a table of 256 ready-shifted values, so packing a pixel is
 * three look-ups whatever the format. Colour maps are refused: no viewer of the last decade needs one. */
#include "rfb_internal.h"

/* 32 bits, depth 24, little-endian, true colour, 8 bits each, red at 16, green at 8, blue at 0: BGRX. */
const uint8_t rfb_pixels_server_format[16] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};

void rfb_pixels_init(struct rfb_pixels *p)
{
    (void)rfb_pixels_set(p, rfb_pixels_server_format);
}

static bool part_ok(uint16_t max, uint8_t shift, uint8_t bpp)
{
    unsigned bits = 0;
    if (max == 0 || max > 255 || (max & (max + 1)) != 0)
        return false; /* 2^n - 1 says the RFC; more than 8 bits a part nobody has */
    while (max >> bits)
        bits++;
    return shift + bits <= bpp;
}

static void part_table(uint32_t table[256], uint16_t max, uint8_t shift)
{
    for (unsigned v = 0; v < 256; v++)
        table[v] = (uint32_t)((v * max + 127) / 255) << shift;
}

/* RFC 6143 section 7.7.5: CPIXEL is three bytes when the bits in use fit the lower or upper three. */
static uint8_t cpixel_skip(uint32_t used, uint8_t bpp, uint8_t depth, bool big_endian)
{
    if (bpp != 32 || depth > 24)
        return 4;
    if ((used & 0xff000000) == 0)
        return big_endian ? 0 : 3;
    if ((used & 0x000000ff) == 0)
        return big_endian ? 3 : 0;
    return 4;
}

bool rfb_pixels_set(struct rfb_pixels *p, const uint8_t w[16])
{
    uint8_t bpp = w[0], depth = w[1];
    bool big_endian = w[2] != 0;
    uint16_t red = rfb_get16(w + 4), green = rfb_get16(w + 6), blue = rfb_get16(w + 8);

    if (w[3] == 0 || (bpp != 8 && bpp != 16 && bpp != 32))
        return false;
    if (!part_ok(red, w[10], bpp) || !part_ok(green, w[11], bpp) || !part_ok(blue, w[12], bpp))
        return false;
    p->bytes = bpp / 8;
    p->big_endian = big_endian;
    p->rgb24 = bpp == 32 && depth == 24 && red == 255 && green == 255 && blue == 255;
    p->native = p->rgb24 && !big_endian && w[10] == 16 && w[11] == 8 && w[12] == 0;
    part_table(p->red, red, w[10]);
    part_table(p->green, green, w[11]);
    part_table(p->blue, blue, w[12]);
    p->cpixel_skip =
        cpixel_skip(p->red[255] | p->green[255] | p->blue[255], bpp, depth, big_endian);
    return true;
}

size_t rfb_pixels_size(const struct rfb_pixels *p, enum rfb_packing k)
{
    if (k == RFB_PACK_TPIXEL && p->rgb24)
        return 3;
    if (k == RFB_PACK_CPIXEL && p->cpixel_skip != 4)
        return 3;
    return p->bytes;
}

static void store(const struct rfb_pixels *p, uint32_t v, uint8_t *dst)
{
    for (unsigned i = 0; i < p->bytes; i++) {
        unsigned shift = 8 * (p->big_endian ? p->bytes - 1u - i : i);
        dst[i] = (uint8_t)(v >> shift);
    }
}

static uint32_t value(const struct rfb_pixels *p, const uint8_t *bgrx)
{
    return p->red[bgrx[2]] | p->green[bgrx[1]] | p->blue[bgrx[0]];
}

static void pack_rgb(const uint8_t *bgrx, size_t n, uint8_t *dst)
{
    for (size_t i = 0; i < n; i++, bgrx += 4, dst += 3) {
        dst[0] = bgrx[2];
        dst[1] = bgrx[1];
        dst[2] = bgrx[0];
    }
}

static void pack_cpixel(const struct rfb_pixels *p, const uint8_t *bgrx, size_t n, uint8_t *dst)
{
    for (size_t i = 0; i < n; i++, bgrx += 4, dst += 3) {
        uint8_t whole[4];
        store(p, value(p, bgrx), whole);
        memcpy(dst, p->cpixel_skip == 0 ? whole + 1 : whole, 3);
    }
}

void rfb_pixels_pack(const struct rfb_pixels *p, enum rfb_packing k, const uint8_t *bgrx, size_t n,
                     uint8_t *dst)
{
    if (k == RFB_PACK_TPIXEL && p->rgb24) {
        pack_rgb(bgrx, n, dst);
    } else if (k == RFB_PACK_CPIXEL && p->cpixel_skip != 4) {
        pack_cpixel(p, bgrx, n, dst);
    } else if (p->native) {
        memcpy(dst, bgrx, n * 4);
    } else if (p->bytes == 1) {
        for (size_t i = 0; i < n; i++, bgrx += 4)
            dst[i] = (uint8_t)value(p, bgrx);
    } else {
        for (size_t i = 0; i < n; i++, bgrx += 4, dst += p->bytes)
            store(p, value(p, bgrx), dst);
    }
}

void rfb_pixels_pack_colour(const struct rfb_pixels *p, enum rfb_packing k, uint32_t colour,
                            uint8_t *dst)
{
    uint8_t bgrx[4] = {(uint8_t)colour, (uint8_t)(colour >> 8), (uint8_t)(colour >> 16), 0};
    rfb_pixels_pack(p, k, bgrx, 1, dst);
}
