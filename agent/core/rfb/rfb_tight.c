/* Tight encoding (rfbproto, "Tight Encoding"): fill, JPEG, palette and plain pixels behind zlib. Each of
 * three zlib streams sees one kind of data for the whole connection, so its dictionary stays useful:
 * stream 0 plain pixels, 1 bitmaps of two colours, 2 palette indexes. */
#include "rfb_internal.h"

enum {
    TIGHT_FILL = 0x80,
    TIGHT_JPEG = 0x90,
    TIGHT_FILTER = 0x40, /* a filter byte follows */
    FILTER_PALETTE = 1,
    PLAIN_BELOW = 12,    /* fewer bytes go uncompressed, without length */
    JPEG_AREA_MIN = 256,
    STREAM_FULL = 0,
    STREAM_MONO = 1,
    STREAM_INDEX = 2
};

/* The compact length: seven bits a byte, low first; the third byte has eight. */
static void put_length(struct rfb *r, size_t n)
{
    uint8_t b[3] = {(uint8_t)(n & 0x7f), (uint8_t)(n >> 7 & 0x7f), (uint8_t)(n >> 14)};
    unsigned count = 1;
    if (n > 0x7f) {
        b[0] |= 0x80;
        count = 2;
    }
    if (n > 0x3fff) {
        b[1] |= 0x80;
        count = 3;
    }
    rfb_out_put(&r->out, b, count);
}

/* Sends r->scratch through stream s. */
static void put_stream(struct rfb *r, unsigned s)
{
    if (!r->scratch.failed && r->scratch.size < PLAIN_BELOW) {
        rfb_out_put(&r->out, rfb_out_bytes(&r->scratch), r->scratch.size);
        return;
    }
    rfb_out_clear(&r->packed);
    rfb_stream_put(&r->tight[s], r->viewer.compress, &r->scratch, &r->packed);
    if (r->packed.failed) {
        r->out.failed = true;
        return;
    }
    put_length(r, r->packed.size);
    rfb_out_put(&r->out, rfb_out_bytes(&r->packed), r->packed.size);
}

static void fill_mono(struct rfb *r, struct rfb_rect a, const struct rfb_palette *pal)
{
    size_t row = (a.w + 7u) / 8;
    rfb_out_clear(&r->scratch);
    uint8_t *to = rfb_out_reserve(&r->scratch, row * a.h);
    if (to == NULL)
        return;
    memset(to, 0, row * a.h);
    for (unsigned y = 0; y < a.h; y++, to += row) {
        const uint8_t *p = rfb_copy_at(r, a.x, a.y + y);
        for (unsigned x = 0; x < a.w; x++, p += 4)
            if (rfb_colour(p) != pal->colour[0])
                to[x / 8] |= (uint8_t)(0x80 >> x % 8);
    }
    rfb_out_add(&r->scratch, row * a.h);
}

static void fill_index(struct rfb *r, struct rfb_rect a, const struct rfb_palette *pal)
{
    uint32_t last = pal->colour[0];
    uint8_t index = 0;
    rfb_out_clear(&r->scratch);
    uint8_t *to = rfb_out_reserve(&r->scratch, (size_t)a.w * a.h);
    if (to == NULL)
        return;
    for (unsigned y = 0; y < a.h; y++) {
        const uint8_t *p = rfb_copy_at(r, a.x, a.y + y);
        for (unsigned x = 0; x < a.w; x++, p += 4) {
            uint32_t c = rfb_colour(p);
            if (c != last) {
                index = (uint8_t)rfb_palette_index(pal, c);
                last = c;
            }
            *to++ = index;
        }
    }
    rfb_out_add(&r->scratch, (size_t)a.w * a.h);
}

static void put_palette(struct rfb *r, struct rfb_rect a, const struct rfb_palette *pal)
{
    unsigned stream = pal->n <= 2 ? STREAM_MONO : STREAM_INDEX;
    size_t size = rfb_pixels_size(&r->pixels, RFB_PACK_TPIXEL);

    rfb_out_u8(&r->out, (uint8_t)(TIGHT_FILTER | stream << 4));
    rfb_out_u8(&r->out, FILTER_PALETTE);
    rfb_out_u8(&r->out, (uint8_t)(pal->n - 1));
    for (unsigned i = 0; i < pal->n; i++) {
        uint8_t pixel[4];
        rfb_pixels_pack_colour(&r->pixels, RFB_PACK_TPIXEL, pal->colour[i], pixel);
        rfb_out_put(&r->out, pixel, size);
    }
    if (stream == STREAM_MONO)
        fill_mono(r, a, pal);
    else
        fill_index(r, a, pal);
    put_stream(r, stream);
    r->rects[RFB_COUNT_PALETTE]++;
}

void rfb_tight_solid(struct rfb *r, struct rfb_rect a, uint32_t colour)
{
    uint8_t pixel[4];
    rfb_rect_header(r, a, RFB_TIGHT);
    rfb_out_u8(&r->out, TIGHT_FILL);
    rfb_pixels_pack_colour(&r->pixels, RFB_PACK_TPIXEL, colour, pixel);
    rfb_out_put(&r->out, pixel, rfb_pixels_size(&r->pixels, RFB_PACK_TPIXEL));
    r->rects[RFB_COUNT_SOLID]++;
}

void rfb_tight(struct rfb *r, struct rfb_rect a, const struct rfb_palette *pal, bool lossless,
               bool *was_lossy)
{
    /* JPEG is defined for 16 and 32 bits only, and its tables outweigh a few pixels. */
    bool jpeg = !lossless && pal == NULL && r->viewer.quality >= 0 && r->pixels.bytes > 1 &&
                a.w * a.h >= JPEG_AREA_MIN;

    rfb_rect_header(r, a, RFB_TIGHT);
    *was_lossy = false;
    if (pal != NULL) {
        put_palette(r, a, pal);
    } else if (jpeg && rfb_jpeg(r, a)) {
        rfb_out_u8(&r->out, TIGHT_JPEG);
        put_length(r, r->packed.size);
        rfb_out_put(&r->out, rfb_out_bytes(&r->packed), r->packed.size);
        r->rects[RFB_COUNT_JPEG]++;
        *was_lossy = true;
    } else {
        rfb_out_u8(&r->out, STREAM_FULL << 4);
        rfb_fill_scratch(r, a, RFB_PACK_TPIXEL);
        put_stream(r, STREAM_FULL);
        r->rects[RFB_COUNT_LOSSLESS]++;
    }
}
