/* The protocol: handshake and client messages. See rfb.h. */
#include "rfb_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_SET_FORMAT = 0,
    MESSAGE_SET_ENCODINGS = 2,
    MESSAGE_REQUEST = 3,
    MESSAGE_KEY = 4,
    MESSAGE_POINTER = 5,
    MESSAGE_CUT_TEXT = 6,
    MESSAGE_CONTINUOUS = 150,
    MESSAGE_FENCE = 248,
    MESSAGE_SET_SIZE = 251,
    MESSAGE_QEMU = 255,
    ENCODINGS_MAX = 512,
    FENCE_REQUEST_BIT = 0x80,
    PIXEL_BYTES = 4,
};

static void send_bytes(struct rfb *r, const void *data, size_t n)
{
    r->hooks.send(r->hooks.user, data, n);
}

struct rfb *rfb_new(unsigned width, unsigned height, const char *name, bool view_only,
                    const struct rfb_hooks *hooks)
{
    static const struct pixel_format native = {32, 24, 255, 255, 255, 16, 8, 0, false, true};
    struct rfb *r = width && height && width <= RFB_SIZE_MAX && height <= RFB_SIZE_MAX ? calloc(1, sizeof *r) : NULL;
    if (!r)
        return NULL;
    r->hooks = *hooks;
    r->width = width;
    r->height = height;
    r->view_only = view_only;
    r->format = native;
    r->quality = -1;
    snprintf(r->name, sizeof r->name, "%s", name);
    r->shadow = calloc((size_t)width * height, PIXEL_BYTES);
    r->lossy = calloc((width + RFB_TILE - 1) / RFB_TILE, (height + RFB_TILE - 1) / RFB_TILE);
    r->scratch = malloc(RFB_TILE * RFB_TILE * PIXEL_BYTES);
    r->packed_size = RFB_TILE * RFB_TILE * PIXEL_BYTES * 2;
    r->packed = malloc(r->packed_size);
    r->zlib_ready = deflateInit(&r->zlib, 5) == Z_OK;
    if (!r->shadow || !r->lossy || !r->scratch || !r->packed || !r->zlib_ready) {
        rfb_free(r);
        return NULL;
    }
    send_bytes(r, "RFB 003.008\n", 12);
    return r;
}

void rfb_free(struct rfb *r)
{
    if (!r)
        return;
    if (r->zlib_ready)
        deflateEnd(&r->zlib);
    free(r->shadow);
    free(r->lossy);
    free(r->scratch);
    free(r->packed);
    free(r->cursor_pixels);
    free(r->cut);
    free(r);
}

/* ---- before the normal phase; each returns the bytes used, 0: more are needed, -1: wrong ---- */

static int read_version(struct rfb *r, const uint8_t *p, size_t n)
{
    static const uint8_t security_none[] = {1, 1};
    if (n < 12)
        return 0;
    if (memcmp(p, "RFB 003.008\n", 12) != 0)
        return -1;
    send_bytes(r, security_none, sizeof security_none);
    r->state = RFB_SECURITY;
    return 12;
}

static int read_security(struct rfb *r, const uint8_t *p)
{
    static const uint8_t ok[4];
    if (p[0] != 1)
        return -1;
    send_bytes(r, ok, sizeof ok);
    r->state = RFB_INIT;
    return 1;
}

static int read_init(struct rfb *r)
{
    uint8_t m[24] = {0};
    size_t n = strlen(r->name);
    put_u16(m, r->width);
    put_u16(m + 2, r->height);
    m[4] = 32, m[5] = 24, m[7] = 1;
    put_u16(m + 8, 255), put_u16(m + 10, 255), put_u16(m + 12, 255);
    m[14] = 16, m[15] = 8, m[16] = 0;
    put_u32(m + 20, (uint32_t)n);
    send_bytes(r, m, sizeof m);
    send_bytes(r, r->name, n);
    r->state = RFB_NORMAL;
    return 1;
}

/* ---- client messages ---- */

static int set_format(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 20)
        return 0;
    struct pixel_format f = {.bits = p[4], .depth = p[5], .big_endian = p[6] != 0, .red_max = get_u16(p + 8),
                             .green_max = get_u16(p + 10), .blue_max = get_u16(p + 12), .red_shift = p[14],
                             .green_shift = p[15], .blue_shift = p[16]};
    bool true_colour = p[7] != 0;
    if (!true_colour || (f.bits != 8 && f.bits != 16 && f.bits != 32) || f.red_shift > 31 || f.green_shift > 31 ||
        f.blue_shift > 31 || f.red_max > 255 || f.green_max > 255 || f.blue_max > 255)
        return -1;
    f.native = f.bits == 32 && !f.big_endian && f.red_max == 255 && f.green_max == 255 && f.blue_max == 255 &&
               f.red_shift == 16 && f.green_shift == 8 && f.blue_shift == 0;
    r->format = f;
    return 20;
}

static void learn_encoding(struct rfb *r, int32_t e)
{
    switch (e) {
    case ENCODING_TIGHT: r->tight = true; break;
    case ENCODING_CURSOR: r->cursor_wanted = true; break;
    case ENCODING_DESKTOP_SIZE: r->size_wanted = true; break;
    case ENCODING_EXTENDED_SIZE: r->extended_size = true; break;
    case ENCODING_FENCE: r->fence = true; break;
    case ENCODING_CONTINUOUS: r->continuous_known = true; break;
    case ENCODING_QEMU_KEY: r->qemu_keys = true; break;
    default:
        if (e >= ENCODING_QUALITY_0 && e <= ENCODING_QUALITY_9)
            r->quality = e - ENCODING_QUALITY_0;
    }
}

static void announce(struct rfb *r, bool knew_continuous, bool knew_fence, bool knew_qemu, bool knew_size)
{
    static const uint8_t end_of_continuous = MESSAGE_CONTINUOUS;
    static const uint8_t fence[] = {MESSAGE_FENCE, 0, 0, 0, FENCE_REQUEST_BIT, 0, 0, 0, 0};
    if (r->fence && !knew_fence)
        send_bytes(r, fence, sizeof fence);
    if (r->continuous_known && !knew_continuous)
        send_bytes(r, &end_of_continuous, 1);
    r->announce_qemu |= r->qemu_keys && !knew_qemu;
    r->announce_size |= r->extended_size && !knew_size;
    r->cursor_due |= r->cursor_wanted && r->cursor_pixels;
}

static int set_encodings(struct rfb *r, const uint8_t *p, size_t n)
{
    size_t count = n >= 4 ? get_u16(p + 2) : 0;
    if (n < 4 || n < 4 + 4 * count)
        return count > ENCODINGS_MAX ? -1 : 0;
    bool continuous = r->continuous_known, fence = r->fence, qemu = r->qemu_keys, size = r->extended_size;
    r->tight = r->cursor_wanted = r->size_wanted = r->extended_size = false;
    r->fence = r->continuous_known = r->qemu_keys = false;
    r->quality = -1;
    for (size_t i = 0; i < count; i++)
        learn_encoding(r, (int32_t)get_u32(p + 4 + 4 * i));
    announce(r, continuous, fence, qemu, size);
    return (int)(4 + 4 * count);
}

static struct rect read_rect(const struct rfb *r, const uint8_t *p)
{
    struct rect t = {get_u16(p), get_u16(p + 2), get_u16(p + 4), get_u16(p + 6)};
    t.x = t.x < r->width ? t.x : r->width;
    t.y = t.y < r->height ? t.y : r->height;
    t.w = t.w < r->width - t.x ? t.w : r->width - t.x;
    t.h = t.h < r->height - t.y ? t.h : r->height - t.y;
    return t;
}

static int request(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 10)
        return 0;
    struct rect wanted = read_rect(r, p + 2);
    r->requested = true;
    if (p[1] == 0 && wanted.w && wanted.h) {
        r->full = true;
        r->wanted = wanted;
    }
    return 10;
}

static int key(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 8)
        return 0;
    if (!r->view_only)
        r->hooks.key(r->hooks.user, p[1] != 0, get_u32(p + 4), 0);
    return 8;
}

static int qemu(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    if (p[1] != 0)
        return -1; /* only the extended key event was announced */
    if (n < 12)
        return 0;
    if (!r->view_only)
        r->hooks.key(r->hooks.user, get_u16(p + 2) != 0, get_u32(p + 4), get_u32(p + 8));
    return 12;
}

static int pointer(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 6)
        return 0;
    unsigned x = get_u16(p + 2), y = get_u16(p + 4);
    if (!r->view_only && r->width && r->height)
        r->hooks.pointer(r->hooks.user, x < r->width ? x : r->width - 1, y < r->height ? y : r->height - 1, p[1]);
    return 6;
}

/* The text itself may be longer than our input buffer: rfb_feed() collects it. */
static int cut_text(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 8)
        return 0;
    uint32_t size = get_u32(p + 4);
    if (size > RFB_CLIPBOARD_MAX)
        return -1; /* also the negative sizes of the extended clipboard, which was not announced */
    free(r->cut);
    r->cut = malloc((size_t)size + 1);
    if (!r->cut)
        return -1;
    r->cut_size = 0;
    r->cut_total = size;
    r->skip = size;
    return 8;
}

static int continuous(struct rfb *r, const uint8_t *p, size_t n)
{
    static const uint8_t end = MESSAGE_CONTINUOUS;
    if (n < 10)
        return 0;
    bool on = p[1] != 0;
    if (r->continuous && !on)
        send_bytes(r, &end, 1);
    r->continuous = on;
    return 10;
}

static int fence(struct rfb *r, const uint8_t *p, size_t n)
{
    uint8_t answer[9 + 64];
    if (n < 9 || n < 9u + p[8])
        return 0;
    if (p[8] > 64)
        return -1;
    if (p[4] & FENCE_REQUEST_BIT) {
        memcpy(answer, p, 9u + p[8]);
        answer[4] = 0;
        answer[7] &= 3; /* block before, block after: always true here */
        send_bytes(r, answer, 9u + p[8]);
    }
    return 9 + p[8];
}

/* A client may not change the screen of the PC: answered "prohibited" (reason 1 client, status 1). */
static int set_size(struct rfb *r, const uint8_t *p, size_t n)
{
    if (n < 8)
        return 0;
    size_t size = 8 + 16u * p[6];
    if (n < size)
        return 0;
    r->announce_size = true;
    return (int)size;
}

static int read_message(struct rfb *r, const uint8_t *p, size_t n)
{
    switch (p[0]) {
    case MESSAGE_SET_FORMAT: return set_format(r, p, n);
    case MESSAGE_SET_ENCODINGS: return set_encodings(r, p, n);
    case MESSAGE_REQUEST: return request(r, p, n);
    case MESSAGE_KEY: return key(r, p, n);
    case MESSAGE_POINTER: return pointer(r, p, n);
    case MESSAGE_CUT_TEXT: return cut_text(r, p, n);
    case MESSAGE_CONTINUOUS: return continuous(r, p, n);
    case MESSAGE_FENCE: return fence(r, p, n);
    case MESSAGE_SET_SIZE: return set_size(r, p, n);
    case MESSAGE_QEMU: return qemu(r, p, n);
    default: return -1;
    }
}

static int read_one(struct rfb *r, const uint8_t *p, size_t n)
{
    switch (r->state) {
    case RFB_VERSION: return read_version(r, p, n);
    case RFB_SECURITY: return read_security(r, p);
    case RFB_INIT: return read_init(r);
    default: return read_message(r, p, n);
    }
}

/* Bytes that belong to the cut text; returns how many were taken. */
static size_t collect_cut(struct rfb *r, const uint8_t *data, size_t n)
{
    size_t part = n < r->skip ? n : r->skip;
    memcpy(r->cut + r->cut_size, data, part);
    r->cut_size += part;
    r->skip -= part;
    if (r->skip == 0) {
        r->cut[r->cut_total] = '\0';
        if (!r->view_only && r->hooks.cut_text)
            r->hooks.cut_text(r->hooks.user, r->cut, r->cut_total);
        free(r->cut);
        r->cut = NULL;
    }
    return part;
}

static int drain_input(struct rfb *r)
{
    size_t at = 0;
    while (at < r->input_size) {
        if (r->cut) {
            at += collect_cut(r, r->input + at, r->input_size - at);
            continue;
        }
        int used = read_one(r, r->input + at, r->input_size - at);
        if (used < 0)
            return -1;
        if (used == 0)
            break;
        at += (size_t)used;
        if (r->cut && r->skip == 0)
            collect_cut(r, r->input, 0);
    }
    memmove(r->input, r->input + at, r->input_size - at);
    r->input_size -= at;
    return r->input_size == INPUT_MAX ? -1 : 0; /* no message is that long */
}

int rfb_feed(struct rfb *r, const uint8_t *data, size_t n)
{
    while (n > 0) {
        size_t part = INPUT_MAX - r->input_size;
        part = part < n ? part : n;
        memcpy(r->input + r->input_size, data, part);
        r->input_size += part;
        data += part;
        n -= part;
        if (drain_input(r) != 0)
            return -1;
    }
    return 0;
}
