/* See rfb_client.h. Handshake and messages; the rectangles are in rfb_client_rects.c. */
#include "rfb_client.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION, SECURITY, RESULT, INIT, RUN };

/* ---- bytes ---- */

void pile_put(struct pile *b, const void *data, size_t n)
{
    if (b->size + n > b->capacity) {
        b->capacity = (b->size + n) * 2;
        b->data = realloc(b->data, b->capacity);
        if (!b->data)
            abort();
    }
    if (n > 0)
        memcpy(b->data + b->size, data, n);
    b->size += n;
}

void pile_u8(struct pile *b, unsigned v)
{
    uint8_t byte = (uint8_t)v;
    pile_put(b, &byte, 1);
}

void pile_u16(struct pile *b, unsigned v)
{
    pile_u8(b, v >> 8);
    pile_u8(b, v & 255);
}

void pile_u32(struct pile *b, uint32_t v)
{
    pile_u16(b, v >> 16);
    pile_u16(b, v & 0xffff);
}

void pile_take(struct pile *b, size_t n)
{
    if (n > 0)
        memmove(b->data, b->data + n, b->size - n);
    b->size -= n;
}

void pile_free(struct pile *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

unsigned rfb_client_u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

uint32_t rfb_client_u32(const uint8_t *p)
{
    return (uint32_t)rfb_client_u16(p) << 16 | rfb_client_u16(p + 2);
}

size_t rfb_client_fail(struct rfb_client *c, const char *why)
{
    if (!c->error)
        c->error = why;
    return 0;
}

/* ---- messages to the server ---- */

void rfb_client_send_encodings(struct rfb_client *c)
{
    pile_u16(&c->out, 2 << 8);
    pile_u16(&c->out, c->n_encodings);
    for (unsigned i = 0; i < c->n_encodings; i++)
        pile_u32(&c->out, (uint32_t)c->encodings[i]);
}

void rfb_client_send_format(struct rfb_client *c)
{
    const struct rfb_client_format *f = &c->format;
    pile_u32(&c->out, 0);
    pile_u8(&c->out, f->bits);
    pile_u8(&c->out, f->depth);
    pile_u8(&c->out, f->big_endian);
    pile_u8(&c->out, 1);
    pile_u16(&c->out, f->red_max);
    pile_u16(&c->out, f->green_max);
    pile_u16(&c->out, f->blue_max);
    pile_u8(&c->out, f->red_shift);
    pile_u8(&c->out, f->green_shift);
    pile_u8(&c->out, f->blue_shift);
    pile_put(&c->out, "\0\0\0", 3);
}

static void put_area(struct rfb_client *c)
{
    pile_u32(&c->out, 0);
    pile_u16(&c->out, c->width);
    pile_u16(&c->out, c->height);
}

void rfb_client_request(struct rfb_client *c, bool incremental)
{
    pile_u16(&c->out, 3 << 8 | incremental);
    put_area(c);
}

void rfb_client_continuous(struct rfb_client *c, bool on)
{
    pile_u16(&c->out, 150 << 8 | on);
    put_area(c);
}

void rfb_client_key(struct rfb_client *c, bool down, uint32_t keysym)
{
    pile_u16(&c->out, 4 << 8 | down);
    pile_u16(&c->out, 0);
    pile_u32(&c->out, keysym);
}

void rfb_client_qemu_key(struct rfb_client *c, bool down, uint32_t keysym, uint32_t code)
{
    pile_u16(&c->out, 255 << 8);
    pile_u16(&c->out, down);
    pile_u32(&c->out, keysym);
    pile_u32(&c->out, code);
}

void rfb_client_pointer(struct rfb_client *c, unsigned x, unsigned y, unsigned mask)
{
    bool extended = c->extended_mouse && mask > 0x7f;
    pile_u8(&c->out, 5);
    pile_u8(&c->out, extended ? 0x80 | (mask & 0x7f) : mask & 0xff);
    pile_u16(&c->out, x);
    pile_u16(&c->out, y);
    if (extended)
        pile_u8(&c->out, mask >> 7);
}

void rfb_client_cut_text(struct rfb_client *c, const void *text, size_t n)
{
    pile_u32(&c->out, 6u << 24);
    pile_u32(&c->out, (uint32_t)n);
    pile_put(&c->out, text, n);
}

void rfb_client_extended(struct rfb_client *c, uint32_t flags, const void *body, size_t n)
{
    pile_u32(&c->out, 6u << 24);
    pile_u32(&c->out, 0u - (uint32_t)(n + 4));
    pile_u32(&c->out, flags);
    pile_put(&c->out, body, n);
}

/* ---- messages of the server ---- */

static size_t read_version(struct rfb_client *c, const uint8_t *p, size_t n)
{
    const char *version = c->version ? c->version : "RFB 003.008\n";
    if (n < 12)
        return 0;
    if (memcmp(p, "RFB 003.008\n", 12) != 0)
        return rfb_client_fail(c, "another version than 3.8");
    pile_put(&c->out, version, 12);
    c->phase = SECURITY;
    return 12;
}

/* 3.3: the server decides; 3.7 has no result for None. */
static size_t read_security(struct rfb_client *c, const uint8_t *p, size_t n)
{
    int minor = c->version ? c->version[10] - '0' : 8;
    if (n < (minor == 3 ? 4u : 2u))
        return 0;
    if (minor == 3 ? rfb_client_u32(p) != 1 : p[0] != 1 || p[1] != 1)
        return rfb_client_fail(c, "another security type than None");
    if (minor != 3)
        pile_u8(&c->out, 1);
    if (minor != 8)
        pile_u8(&c->out, 1);
    c->phase = minor == 8 ? RESULT : INIT;
    return minor == 3 ? 4 : 2;
}

static size_t read_result(struct rfb_client *c, const uint8_t *p, size_t n)
{
    if (n < 4)
        return 0;
    if (rfb_client_u32(p) != 0)
        return rfb_client_fail(c, "security failed");
    pile_u8(&c->out, 1);
    c->phase = INIT;
    return 4;
}

static size_t read_init(struct rfb_client *c, const uint8_t *p, size_t n)
{
    size_t name = n < 24 ? 0 : rfb_client_u32(p + 20);
    if (n < 24 || n - 24 < name)
        return 0;
    if (name >= sizeof c->name)
        return rfb_client_fail(c, "name too long");
    memcpy(c->name, p + 24, name);
    rfb_client_resize(c, rfb_client_u16(p), rfb_client_u16(p + 2));
    c->sizes = 0;
    if (c->format.bits == 0)
        c->format = (struct rfb_client_format){p[4],           p[5],  p[6],  rfb_client_u16(p + 8), rfb_client_u16(p + 10),
                                               rfb_client_u16(p + 12), p[14], p[15], p[16]};
    else
        rfb_client_send_format(c);
    rfb_client_send_encodings(c);
    c->phase = RUN;
    if (!c->silent)
        rfb_client_request(c, false);
    return 24 + name;
}

static size_t read_fence(struct rfb_client *c, const uint8_t *p, size_t n)
{
    if (n < 9 || n < 9u + p[8])
        return 0;
    uint8_t answer[9 + 64];
    if (p[8] > 64)
        return rfb_client_fail(c, "fence payload too long");
    if (!(p[4] & 0x80)) {
        pile_put(&c->fence_replies, p + 9, p[8]);
        return 9u + p[8];
    }
    memcpy(answer, p, 9u + p[8]);
    answer[4] = 0;
    answer[7] &= 3;
    pile_put(c->hold_fences ? &c->held : &c->out, answer, 9u + p[8]);
    return 9u + p[8];
}

/* UTF-8 text of a provide: size, text with \r\n and NUL. */
static void read_provided(struct rfb_client *c, const uint8_t *p, size_t n)
{
    z_stream z = {.next_in = (Bytef *)p, .avail_in = (uInt)n};
    uint8_t head[4];
    if (inflateInit(&z) != Z_OK)
        return;
    z.next_out = head;
    z.avail_out = 4;
    inflate(&z, Z_SYNC_FLUSH);
    size_t size = rfb_client_u32(head);
    if (z.avail_out != 0 || size == 0 || size > 4 << 20) {
        rfb_client_fail(c, "clipboard without size");
    } else {
        pile_free(&c->text);
        for (size_t i = 0; i < size; i++)
            pile_u8(&c->text, 0);
        z.next_out = c->text.data;
        z.avail_out = (uInt)size;
        inflate(&z, Z_SYNC_FLUSH);
        if (z.avail_out != 0 || c->text.data[size - 1] != 0)
            rfb_client_fail(c, "clipboard shorter than its size, or without NUL");
        c->text.size = size - 1;
        c->text_latin1 = false;
        c->texts++;
    }
    inflateEnd(&z);
}

static size_t read_cut_text(struct rfb_client *c, const uint8_t *p, size_t n)
{
    int32_t said = n < 8 ? 0 : (int32_t)rfb_client_u32(p + 4);
    size_t size = (size_t)(said < 0 ? -said : said);
    if (n < 8 || n - 8 < size)
        return 0;
    if (said >= 0) {
        pile_free(&c->text);
        pile_put(&c->text, p + 8, size);
        c->text_latin1 = true;
        c->texts++;
    } else {
        c->clipboard_flags = rfb_client_u32(p + 8);
        if (c->clipboard_flags >> 24 == 0x10) /* provide alone; caps names all actions */
            read_provided(c, p + 12, size - 4);
    }
    return 8 + size;
}

static size_t read_update(struct rfb_client *c, const uint8_t *p, size_t n)
{
    if (n < 4)
        return 0;
    c->rects_left = rfb_client_u16(p + 2);
    if (c->rects_left == 0)
        return rfb_client_fail(c, "an update of nothing");
    return 4;
}

static size_t read_message(struct rfb_client *c, const uint8_t *p, size_t n)
{
    switch (p[0]) {
    case 0: return read_update(c, p, n);
    case 2: return 1;
    case 3: return read_cut_text(c, p, n);
    case 150:
        c->continuous_ended = c->continuous_known;
        c->continuous_known = true;
        return 1;
    case 248: return read_fence(c, p, n);
    default: return rfb_client_fail(c, "unknown message of the server");
    }
}

static size_t read_some(struct rfb_client *c, const uint8_t *p, size_t n)
{
    switch (c->phase) {
    case VERSION: return read_version(c, p, n);
    case SECURITY: return read_security(c, p, n);
    case RESULT: return read_result(c, p, n);
    case INIT: return read_init(c, p, n);
    default: break;
    }
    if (c->rects_left == 0)
        return read_message(c, p, n);
    size_t used = rfb_client_read_rect(c, p, n);
    if (used > 0 && --c->rects_left == 0) {
        c->updates++;
        if (!c->silent)
            rfb_client_request(c, true);
    }
    return used;
}

void rfb_client_feed(struct rfb_client *c, const void *data, size_t n)
{
    size_t at = 0, used;
    pile_put(&c->in, data, n);
    while (!c->error && at < c->in.size && (used = read_some(c, c->in.data + at, c->in.size - at)) > 0)
        at += used;
    pile_take(&c->in, at);
}

void rfb_client_start(struct rfb_client *c)
{
    c->phase = VERSION;
}

void rfb_client_free(struct rfb_client *c)
{
    for (unsigned i = 0; i < 4; i++)
        if (c->tight_on[i])
            inflateEnd(&c->tight[i]);
    if (c->zrle_on)
        inflateEnd(&c->zrle);
    pile_free(&c->out);
    pile_free(&c->in);
    pile_free(&c->held);
    pile_free(&c->fence_replies);
    pile_free(&c->text);
    free(c->pixels);
    memset(c, 0, sizeof *c);
}
