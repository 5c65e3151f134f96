/* Rectangles: Tight (fill, zlib, JPEG; rfbproto section "Tight Encoding") or Raw, in the client's pixel format. */
#include "rfb_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h> /* wants stdio.h before it */

enum {
    TIGHT_FILL = 0x80,
    TIGHT_JPEG = 0x90,
    TIGHT_SMALL = 12, /* shorter data is sent uncompressed */
    COLOURS_LOSSLESS = 96, /* tiles with fewer colours are text and lines: zlib is smaller and exact */
    COLOUR_TABLE = 512,
};

static const int jpeg_quality[10] = {15, 29, 41, 42, 62, 77, 79, 86, 92, 96};

void rfb_send_rect_header(struct rfb *r, const struct rect *rect, int32_t encoding)
{
    uint8_t h[12];
    put_u16(h, rect->x);
    put_u16(h + 2, rect->y);
    put_u16(h + 4, rect->w);
    put_u16(h + 6, rect->h);
    put_u32(h + 8, (uint32_t)encoding);
    r->hooks.send(r->hooks.user, h, sizeof h);
}

size_t rfb_put_pixel(const struct pixel_format *f, uint8_t *out, const uint8_t *p)
{
    if (f->native) {
        memcpy(out, p, 4);
        return 4;
    }
    uint32_t v = (p[2] * f->red_max / 255) << f->red_shift | (p[1] * f->green_max / 255) << f->green_shift |
                 (p[0] * f->blue_max / 255) << f->blue_shift;
    unsigned bytes = f->bits / 8;
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(v >> 8 * (f->big_endian ? bytes - 1 - i : i));
    return bytes;
}

/* Tight's pixel: three bytes red, green, blue for 24-bit true colour in 32 bits, else as usual. */
static bool tight_24(const struct pixel_format *f)
{
    return f->bits == 32 && f->depth == 24 && f->red_max == 255 && f->green_max == 255 && f->blue_max == 255;
}

static size_t tight_pixel(const struct pixel_format *f, uint8_t *out, const uint8_t *p)
{
    if (!tight_24(f))
        return rfb_put_pixel(f, out, p);
    out[0] = p[2];
    out[1] = p[1];
    out[2] = p[0];
    return 3;
}

static const uint8_t *row_of(const struct rfb_frame *frame, const struct rect *rect, unsigned y)
{
    return frame->pixels + (rect->y + y) * frame->stride + (size_t)rect->x * 4;
}

/* Distinct colours, at most limit + 1. */
static unsigned count_colours(const struct rfb_frame *frame, const struct rect *rect, unsigned limit)
{
    uint32_t table[COLOUR_TABLE];
    bool used[COLOUR_TABLE] = {false};
    unsigned n = 0;
    for (unsigned y = 0; y < rect->h; y++) {
        const uint8_t *p = row_of(frame, rect, y);
        for (unsigned x = 0; x < rect->w; x++, p += 4) {
            uint32_t colour = (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
            unsigned at = (colour * 2654435761u) >> 23;
            while (used[at] && table[at] != colour)
                at = (at + 1) % COLOUR_TABLE;
            if (used[at])
                continue;
            used[at] = true;
            table[at] = colour;
            if (++n > limit)
                return n;
        }
    }
    return n;
}

static size_t send_raw(struct rfb *r, const struct rfb_frame *frame, const struct rect *rect)
{
    size_t n = 0;
    for (unsigned y = 0; y < rect->h; y++) {
        const uint8_t *p = row_of(frame, rect, y);
        for (unsigned x = 0; x < rect->w; x++, p += 4)
            n += rfb_put_pixel(&r->format, r->scratch + n, p);
    }
    rfb_send_rect_header(r, rect, ENCODING_RAW);
    r->hooks.send(r->hooks.user, r->scratch, n);
    return n;
}

/* Tight's compact length: 7 bits per byte, at most three. */
static void send_length(struct rfb *r, size_t n)
{
    uint8_t b[3] = {(uint8_t)(n & 127), (uint8_t)(n >> 7 & 127), (uint8_t)(n >> 14)};
    size_t size = n < 128 ? 1 : n < 16384 ? 2 : 3;
    for (size_t i = 0; i + 1 < size; i++)
        b[i] |= 128;
    r->hooks.send(r->hooks.user, b, size);
}

static size_t send_fill(struct rfb *r, const struct rfb_frame *frame, const struct rect *rect)
{
    uint8_t out[8] = {TIGHT_FILL};
    size_t n = 1 + tight_pixel(&r->format, out + 1, row_of(frame, rect, 0));
    rfb_send_rect_header(r, rect, ENCODING_TIGHT);
    r->hooks.send(r->hooks.user, out, n);
    return n;
}

static size_t send_zlib(struct rfb *r, const struct rfb_frame *frame, const struct rect *rect)
{
    static const uint8_t basic = 0; /* zlib stream 0, copy filter */
    size_t n = 0;
    for (unsigned y = 0; y < rect->h; y++) {
        const uint8_t *p = row_of(frame, rect, y);
        for (unsigned x = 0; x < rect->w; x++, p += 4)
            n += tight_pixel(&r->format, r->scratch + n, p);
    }
    rfb_send_rect_header(r, rect, ENCODING_TIGHT);
    r->hooks.send(r->hooks.user, &basic, 1);
    if (n < TIGHT_SMALL) {
        r->hooks.send(r->hooks.user, r->scratch, n);
        return n;
    }
    r->zlib.next_in = r->scratch;
    r->zlib.avail_in = (uInt)n;
    r->zlib.next_out = r->packed;
    r->zlib.avail_out = (uInt)r->packed_size;
    deflate(&r->zlib, Z_SYNC_FLUSH);
    n = r->packed_size - r->zlib.avail_out;
    send_length(r, n);
    r->hooks.send(r->hooks.user, r->packed, n);
    return n;
}

static size_t send_jpeg(struct rfb *r, const struct rfb_frame *frame, const struct rect *rect)
{
    static const uint8_t control = TIGHT_JPEG;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *out = r->packed;
    unsigned long size = r->packed_size;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, &size);
    jpeg.image_width = rect->w;
    jpeg.image_height = rect->h;
    jpeg.input_components = 4;
    jpeg.in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, jpeg_quality[r->quality], TRUE);
    jpeg.dct_method = JDCT_FASTEST;
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)row_of(frame, rect, jpeg.next_scanline);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    rfb_send_rect_header(r, rect, ENCODING_TIGHT);
    r->hooks.send(r->hooks.user, &control, 1);
    send_length(r, size);
    r->hooks.send(r->hooks.user, out, size);
    if (out != r->packed)
        free(out); /* the library took its own, larger buffer */
    return size;
}

size_t rfb_encode_rect(struct rfb *r, const struct rfb_frame *frame, const struct rect *rect, bool lossless,
                       bool *lossy)
{
    *lossy = false;
    if (!r->tight)
        return send_raw(r, frame, rect);
    unsigned colours = count_colours(frame, rect, COLOURS_LOSSLESS);
    if (colours == 1)
        return send_fill(r, frame, rect);
    if (colours > COLOURS_LOSSLESS && r->quality >= 0 && !lossless && r->format.bits == 32) {
        *lossy = true;
        return send_jpeg(r, frame, rect);
    }
    return send_zlib(r, frame, rect);
}

/* Rich cursor (rfbproto "Cursor Pseudo-encoding"): pixels, then a bit mask of what is opaque. */
void rfb_send_cursor(struct rfb *r)
{
    const struct rfb_cursor *c = &r->cursor;
    struct rect rect = {c->hot_x, c->hot_y, c->width, c->height};
    uint8_t pixel[4], mask[(CURSOR_MAX + 7) / 8];
    r->cursor_due = false;
    rfb_send_rect_header(r, &rect, ENCODING_CURSOR);
    for (size_t i = 0; i < (size_t)c->width * c->height; i++)
        r->hooks.send(r->hooks.user, pixel, rfb_put_pixel(&r->format, pixel, r->cursor_pixels + i * 4));
    for (unsigned y = 0; y < c->height; y++) {
        memset(mask, 0, sizeof mask);
        for (unsigned x = 0; x < c->width; x++)
            if (r->cursor_pixels[((size_t)y * c->width + x) * 4 + 3])
                mask[x / 8] |= (uint8_t)(128 >> x % 8);
        r->hooks.send(r->hooks.user, mask, (c->width + 7) / 8);
    }
}
