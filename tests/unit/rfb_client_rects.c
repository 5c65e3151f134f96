/* The rectangles of an update, for rfb_client.c. Each reader returns the bytes it used, 0 when it needs more, and sets
 * error when a rule is broken. A rectangle is only read when all of it is there, so nothing has to be remembered
 * inside one. */
#include "rfb_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h> /* wants stdio.h before it */

/* ---- pixels ---- */

static unsigned part(uint32_t v, unsigned max, unsigned shift)
{
    return (v >> shift & max) * 255 / max;
}

static uint32_t decode_pixel(const struct rfb_client_format *f, const uint8_t *p, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint32_t)p[i] << 8 * (f->big_endian ? bytes - 1 - i : i);
    return part(v, f->red_max, f->red_shift) << 16 | part(v, f->green_max, f->green_shift) << 8 |
           part(v, f->blue_max, f->blue_shift);
}

static bool full_colour(const struct rfb_client_format *f)
{
    return f->bits == 32 && f->depth == 24 && f->red_max == 255 && f->green_max == 255 && f->blue_max == 255;
}

static unsigned pixel_size(const struct rfb_client *c)
{
    return c->format.bits / 8;
}

static unsigned tpixel_size(const struct rfb_client *c)
{
    return full_colour(&c->format) ? 3 : pixel_size(c);
}

static uint32_t decode_tpixel(const struct rfb_client *c, const uint8_t *p)
{
    return full_colour(&c->format) ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]
                                   : decode_pixel(&c->format, p, pixel_size(c));
}

/* RFC 6143 section 7.7.5: which of the four bytes is left out; 4: none. */
static unsigned cpixel_omitted(const struct rfb_client_format *f)
{
    uint32_t used = f->red_max << f->red_shift | f->green_max << f->green_shift | f->blue_max << f->blue_shift;
    if (f->bits != 32 || f->depth > 24)
        return 4;
    if (used <= 0xffffff)
        return f->big_endian ? 0 : 3;
    return used & 0xff ? 4 : f->big_endian ? 3 : 0;
}

static unsigned cpixel_size(const struct rfb_client *c)
{
    return cpixel_omitted(&c->format) < 4 ? 3 : pixel_size(c);
}

static uint32_t decode_cpixel(const struct rfb_client *c, const uint8_t *p)
{
    unsigned omitted = cpixel_omitted(&c->format);
    uint8_t whole[4] = {0};
    if (omitted == 4)
        return decode_pixel(&c->format, p, pixel_size(c));
    for (unsigned i = 0, j = 0; i < 4; i++)
        whole[i] = i == omitted ? 0 : p[j++];
    return decode_pixel(&c->format, whole, 4);
}

struct area {
    unsigned x, y, w, h;
};

static void set(struct rfb_client *c, const struct area *a, unsigned i, uint32_t colour)
{
    c->pixels[(size_t)(a->y + i / a->w) * c->width + a->x + i % a->w] = colour;
}

/* ---- zlib ---- */

/* Exactly size bytes of a stream that lives on; all input must be used up when last. */
static bool inflate_bytes(z_stream *z, bool *on, uint8_t *to, size_t size)
{
    if (!*on) {
        memset(to, 0, size);
        if (inflateInit(z) != Z_OK)
            return false;
        *on = true;
    }
    z->next_out = to;
    z->avail_out = (uInt)size;
    int e = inflate(z, Z_SYNC_FLUSH);
    return (e == Z_OK || e == Z_BUF_ERROR) && z->avail_out == 0;
}

/* ---- Raw, CopyRect ---- */

static size_t read_raw(struct rfb_client *c, const struct area *a, const uint8_t *p, size_t n)
{
    unsigned size = pixel_size(c), total = a->w * a->h;
    if (n < (size_t)total * size)
        return 0;
    for (unsigned i = 0; i < total; i++)
        set(c, a, i, decode_pixel(&c->format, p + (size_t)i * size, size));
    c->raws++;
    return (size_t)total * size;
}

static size_t read_copy(struct rfb_client *c, const struct area *a, const uint8_t *p, size_t n)
{
    if (n < 4)
        return 0;
    unsigned x = rfb_client_u16(p), y = rfb_client_u16(p + 2);
    if (x + a->w > c->width || y + a->h > c->height)
        return rfb_client_fail(c, "CopyRect from outside");
    uint32_t *copy = malloc((size_t)a->w * a->h * 4 + 1);
    for (unsigned j = 0; copy && j < a->h; j++)
        memcpy(copy + (size_t)j * a->w, c->pixels + (size_t)(y + j) * c->width + x, (size_t)a->w * 4);
    for (unsigned i = 0; copy && i < a->w * a->h; i++)
        set(c, a, i, copy[i]);
    free(copy);
    c->copies++;
    return 4;
}

/* ---- Tight ---- */

static size_t read_length(const uint8_t *p, size_t n, size_t *length)
{
    *length = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (i >= n)
            return 0;
        *length |= (size_t)(i < 2 ? p[i] & 0x7f : p[i]) << 7 * i;
        if (i == 2 || !(p[i] & 0x80))
            return i + 1;
    }
    return 0;
}

static size_t read_jpeg(struct rfb_client *c, const struct area *a, const uint8_t *p, size_t n)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr e;
    size_t length, head = read_length(p, n, &length);
    if (head == 0 || n - head < length)
        return 0;
    uint8_t *row = malloc((size_t)a->w * 3);
    d.err = jpeg_std_error(&e); /* a broken picture ends the test's process, and says why */
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, p + head, length);
    jpeg_read_header(&d, TRUE);
    d.out_color_space = JCS_RGB;
    jpeg_start_decompress(&d);
    if (d.output_width != a->w || d.output_height != a->h)
        rfb_client_fail(c, "JPEG of another size");
    while (row && !c->error && d.output_scanline < d.output_height) {
        unsigned y = d.output_scanline;
        jpeg_read_scanlines(&d, &row, 1);
        for (unsigned x = 0; x < a->w; x++)
            set(c, a, y * a->w + x,
                (uint32_t)row[x * 3] << 16 | (uint32_t)row[x * 3 + 1] << 8 | row[x * 3 + 2]);
    }
    jpeg_destroy_decompress(&d);
    free(row);
    c->jpegs++;
    return head + length;
}

/* size bytes behind a stream (or plain below 12): where they are in *to, to be freed; the return is what was used. */
static size_t read_packed(struct rfb_client *c, unsigned stream, size_t size, const uint8_t *p, size_t n, uint8_t **to)
{
    size_t length = size, head = 0;
    *to = NULL;
    if (size >= 12)
        head = read_length(p, n, &length);
    if ((size >= 12 && head == 0) || n - head < length)
        return 0;
    *to = malloc(size + 1);
    if (size < 12) {
        memcpy(*to, p, size);
        return size;
    }
    z_stream *z = &c->tight[stream];
    z->next_in = (Bytef *)(p + head);
    z->avail_in = (uInt)length;
    if (!inflate_bytes(z, &c->tight_on[stream], *to, size))
        rfb_client_fail(c, "Tight: the stream does not hold the rectangle");
    uint8_t more;
    z->next_out = &more;
    z->avail_out = 1;
    inflate(z, Z_SYNC_FLUSH); /* the flush's own block */
    if (z->avail_out == 0 || z->avail_in != 0)
        rfb_client_fail(c, "Tight: more in the stream than the rectangle");
    return head + length;
}

static size_t read_palette(struct rfb_client *c, const struct area *a, unsigned stream, const uint8_t *p, size_t n)
{
    unsigned size = tpixel_size(c), colours = n > 0 ? p[0] + 1u : 0;
    size_t head = 1 + (size_t)colours * size, row = colours <= 2 ? (a->w + 7) / 8 : a->w;
    uint8_t *data;
    if (colours == 1)
        return rfb_client_fail(c, "Tight: a palette of one colour (noVNC cannot read it)");
    if (n == 0 || n < head)
        return 0;
    size_t used = read_packed(c, stream, row * a->h, p + head, n - head, &data);
    for (unsigned i = 0; used > 0 && i < a->w * a->h; i++) {
        const uint8_t *at = data + i / a->w * row;
        unsigned x = i % a->w, index = colours <= 2 ? at[x / 8] >> (7 - x % 8) & 1 : at[x];
        if (index >= colours)
            rfb_client_fail(c, "Tight: index beyond the palette");
        else
            set(c, a, i, decode_tpixel(c, p + 1 + (size_t)index * size));
    }
    free(data);
    c->palettes++;
    return used > 0 ? head + used : 0;
}

static size_t read_basic(struct rfb_client *c, const struct area *a, unsigned stream, const uint8_t *p, size_t n)
{
    unsigned size = tpixel_size(c);
    uint8_t *data;
    size_t used = read_packed(c, stream, (size_t)a->w * a->h * size, p, n, &data);
    for (unsigned i = 0; used > 0 && i < a->w * a->h; i++)
        set(c, a, i, decode_tpixel(c, data + (size_t)i * size));
    free(data);
    c->basics++;
    return used;
}

static size_t read_tight(struct rfb_client *c, const struct area *a, const uint8_t *p, size_t n)
{
    size_t used = 0, head = 1;
    if (n < 2)
        return 0;
    unsigned control = p[0] >> 4;
    if (a->w > 2048)
        return rfb_client_fail(c, "Tight: wider than 2048");
    if (p[0] & 15)
        return rfb_client_fail(c, "Tight: a stream was reset");
    if (control == 8) {
        used = n - 1 < tpixel_size(c) ? 0 : tpixel_size(c);
        for (unsigned i = 0; used && i < a->w * a->h; i++)
            set(c, a, i, decode_tpixel(c, p + 1));
        c->fills++;
    } else if (control == 9) {
        used = read_jpeg(c, a, p + 1, n - 1);
    } else if (control < 4) {
        used = read_basic(c, a, control, p + 1, n - 1);
    } else if (control < 8 && p[1] == 1) {
        head = 2;
        used = read_palette(c, a, control & 3, p + 2, n - 2);
    } else {
        return rfb_client_fail(c, "Tight: unknown control byte or filter");
    }
    return used > 0 ? head + used : 0;
}

/* ---- ZRLE ---- */

static bool zrle_bytes(struct rfb_client *c, uint8_t *to, size_t n)
{
    if (!inflate_bytes(&c->zrle, &c->zrle_on, to, n))
        rfb_client_fail(c, "ZRLE: the stream is too short");
    return !c->error;
}

static unsigned zrle_run(struct rfb_client *c)
{
    unsigned length = 1;
    uint8_t byte;
    do {
        if (!zrle_bytes(c, &byte, 1))
            return 1;
        length += byte;
    } while (byte == 255);
    return length;
}

static void zrle_packed(struct rfb_client *c, const struct area *a, const uint32_t *palette, unsigned colours)
{
    unsigned bits = colours == 2 ? 1 : colours <= 4 ? 2 : 4;
    for (unsigned y = 0; y < a->h; y++) {
        uint8_t byte = 0;
        for (unsigned x = 0; x < a->w; x++) {
            unsigned at = x * bits % 8;
            if (at == 0 && !zrle_bytes(c, &byte, 1))
                return;
            unsigned index = byte >> (8 - bits - at) & ((1u << bits) - 1);
            if (index >= colours)
                rfb_client_fail(c, "ZRLE: index beyond the palette");
            else
                set(c, a, y * a->w + x, palette[index]);
        }
    }
}

static void zrle_runs(struct rfb_client *c, const struct area *a, const uint32_t *palette, unsigned colours)
{
    unsigned total = a->w * a->h;
    for (unsigned i = 0, length; i < total && !c->error; i += length) {
        uint8_t p[4] = {0};
        uint32_t colour;
        if (!zrle_bytes(c, p, colours ? 1 : cpixel_size(c)))
            return;
        if (colours && (p[0] & 127u) >= colours) {
            rfb_client_fail(c, "ZRLE: index beyond the palette");
            return;
        }
        colour = colours ? palette[p[0] & 127] : decode_cpixel(c, p);
        length = colours && p[0] < 128 ? 1 : zrle_run(c);
        if (length > total - i) {
            rfb_client_fail(c, "ZRLE: a run beyond the tile");
            return;
        }
        for (unsigned j = 0; j < length; j++)
            set(c, a, i + j, colour);
    }
}

static void zrle_tile(struct rfb_client *c, const struct area *a)
{
    uint32_t palette[128];
    uint8_t form, p[4];
    if (!zrle_bytes(c, &form, 1))
        return;
    unsigned colours = form & 127;
    for (unsigned i = 0; i < colours && zrle_bytes(c, p, cpixel_size(c)); i++)
        palette[i] = decode_cpixel(c, p);
    if (form == 0) {
        for (unsigned i = 0; i < a->w * a->h && zrle_bytes(c, p, cpixel_size(c)); i++)
            set(c, a, i, decode_cpixel(c, p));
    } else if (form == 1) {
        for (unsigned i = 0; i < a->w * a->h; i++)
            set(c, a, i, palette[0]);
    } else if (form <= 16) {
        zrle_packed(c, a, palette, colours);
    } else if (form == 128 || form >= 130) {
        zrle_runs(c, a, palette, colours);
    } else {
        rfb_client_fail(c, "ZRLE: unknown form of a tile");
    }
}

static size_t read_zrle(struct rfb_client *c, const struct area *a, const uint8_t *p, size_t n)
{
    size_t length = n < 4 ? 0 : rfb_client_u32(p);
    if (n < 4 || n - 4 < length)
        return 0;
    c->zrle.next_in = (Bytef *)(p + 4);
    c->zrle.avail_in = (uInt)length;
    for (unsigned y = 0; y < a->h; y += 64)
        for (unsigned x = 0; x < a->w && !c->error; x += 64) {
            struct area t = {a->x + x, a->y + y, a->w - x < 64 ? a->w - x : 64, a->h - y < 64 ? a->h - y : 64};
            zrle_tile(c, &t);
        }
    uint8_t more;
    c->zrle.next_out = &more;
    c->zrle.avail_out = 1;
    inflate(&c->zrle, Z_SYNC_FLUSH);
    if (!c->error && (c->zrle.avail_in != 0 || c->zrle.avail_out == 0))
        rfb_client_fail(c, "ZRLE: more in the stream than the rectangle");
    c->zrles++;
    return 4 + length;
}

/* ---- rectangles without pixels ---- */

void rfb_client_resize(struct rfb_client *c, unsigned w, unsigned h)
{
    free(c->pixels);
    c->pixels = malloc((size_t)w * h * 4 + 1);
    if (!c->pixels)
        abort();
    memset(c->pixels, 0xab, (size_t)w * h * 4); /* nobody's colour: what is never drawn shows */
    c->width = w;
    c->height = h;
    c->sizes++;
}

static size_t read_screens(struct rfb_client *c, const struct area *a, const uint8_t *p, size_t n)
{
    size_t size = n < 4 ? 4 : 4 + 16 * (size_t)p[0];
    if (n < size)
        return 0;
    if (p[0] == 0 || p[0] > 16)
        return rfb_client_fail(c, "ExtendedDesktopSize: number of screens");
    c->size_reason = a->x;
    c->size_status = a->y;
    c->n_screens = p[0];
    for (unsigned i = 0; i < p[0]; i++) {
        const uint8_t *s = p + 4 + 16 * (size_t)i;
        c->screens[i] = (struct rfb_client_screen){rfb_client_u32(s), rfb_client_u16(s + 4), rfb_client_u16(s + 6), rfb_client_u16(s + 8),
                                                   rfb_client_u16(s + 10)};
        if (c->screens[i].x + c->screens[i].w > a->w || c->screens[i].y + c->screens[i].h > a->h)
            return rfb_client_fail(c, "ExtendedDesktopSize: a screen outside");
    }
    if (a->w != c->width || a->h != c->height)
        rfb_client_resize(c, a->w, a->h);
    return size;
}

static size_t read_cursor(struct rfb_client *c, const struct area *a, int32_t encoding, const uint8_t *p, size_t n)
{
    unsigned size = encoding == -239 ? pixel_size(c) : 4;
    size_t head = encoding == -239 ? 0 : encoding == -314 ? 4 : 2, row = (a->w + 7) / 8;
    size_t total = head + (size_t)a->w * a->h * size + (encoding == -239 ? row * a->h : 0);
    if (a->w > 256 || a->h > 256)
        return rfb_client_fail(c, "cursor too large");
    if (n < total)
        return 0;
    if ((encoding == -314 && rfb_client_u32(p) != 0) || (encoding != -239 && encoding != -314 && (p[0] != 1 || p[1] != 0)))
        return rfb_client_fail(c, "cursor of unknown kind");
    const uint8_t *mask = p + (size_t)a->w * a->h * size;
    for (unsigned i = 0; i < a->w * a->h; i++) {
        uint8_t *to = c->cursor + (size_t)i * 4;
        if (encoding != -239) {
            memcpy(to, p + head + (size_t)i * 4, 4);
            continue;
        }
        uint32_t colour = decode_pixel(&c->format, p + (size_t)i * size, size);
        unsigned x = i % a->w;
        to[0] = (uint8_t)(colour >> 16), to[1] = (uint8_t)(colour >> 8), to[2] = (uint8_t)colour;
        to[3] = mask[i / a->w * row + x / 8] >> (7 - x % 8) & 1 ? 255 : 0;
    }
    c->cursor_w = a->w, c->cursor_h = a->h, c->hot_x = a->x, c->hot_y = a->y;
    c->cursors++;
    return total > 0 ? total : SIZE_MAX; /* nothing to read, and done */
}

static size_t read_name(struct rfb_client *c, const uint8_t *p, size_t n)
{
    size_t length = n < 4 ? 0 : rfb_client_u32(p);
    if (n < 4 || n - 4 < length)
        return 0;
    if (length >= sizeof c->name)
        return rfb_client_fail(c, "name too long");
    memcpy(c->name, p + 4, length);
    c->name[length] = '\0';
    return 4 + length;
}

/* SIZE_MAX: used nothing and is done. */
static size_t read_pseudo(struct rfb_client *c, const struct area *a, int32_t encoding, const uint8_t *p, size_t n)
{
    switch (encoding) {
    case -223: rfb_client_resize(c, a->w, a->h); return SIZE_MAX;
    case -308: return read_screens(c, a, p, n);
    case -258: c->qemu_keys = true; return SIZE_MAX;
    case -316: c->extended_mouse = true; return SIZE_MAX;
    case -307: return read_name(c, p, n);
    case -239:
    case -314:
    case 0x574d5664: return read_cursor(c, a, encoding, p, n);
    default: return rfb_client_fail(c, "an encoding that was not asked for");
    }
}

size_t rfb_client_read_rect(struct rfb_client *c, const uint8_t *p, size_t n)
{
    if (n < 12)
        return 0;
    struct area a = {rfb_client_u16(p), rfb_client_u16(p + 2), rfb_client_u16(p + 4), rfb_client_u16(p + 6)};
    int32_t encoding = (int32_t)rfb_client_u32(p + 8);
    bool asked = encoding == 0;
    for (unsigned i = 0; i < c->n_encodings; i++)
        asked |= c->encodings[i] == encoding;
    if (!asked)
        return rfb_client_fail(c, "an encoding that was not asked for");
    size_t used;
    if (encoding < 0 || encoding > 255) {
        used = read_pseudo(c, &a, encoding, p + 12, n - 12);
    } else {
        if (a.w == 0 || a.h == 0 || a.x + a.w > c->width || a.y + a.h > c->height)
            return rfb_client_fail(c, "a rectangle outside or empty");
        used = encoding == 0   ? read_raw(c, &a, p + 12, n - 12)
               : encoding == 1 ? read_copy(c, &a, p + 12, n - 12)
               : encoding == 7 ? read_tight(c, &a, p + 12, n - 12)
                               : read_zrle(c, &a, p + 12, n - 12);
    }
    return used == SIZE_MAX ? 12 : used > 0 && !c->error ? 12 + used : 0;
}
