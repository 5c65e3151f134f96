/* See websocket.h. */
#include "websocket.h"

#include <stdio.h>
#include <string.h>

enum { CODE_PROTOCOL = 1002, CODE_TOO_BIG = 1009, KEY_MAX = 64 };

void ws_decoder_init(struct ws_decoder *d, bool server, uint64_t frame_max)
{
    *d = (struct ws_decoder){.masked = server, .frame_max = frame_max};
}

static enum ws_event fail(struct ws_decoder *d, struct ws_out *out, uint16_t code)
{
    d->failed = true;
    out->code = code;
    return WS_FAIL;
}

/* Size of the header as far as its first two bytes tell. */
static size_t header_size(const struct ws_decoder *d)
{
    if (d->have < 2)
        return 2;
    size_t length = d->header[1] & 127;
    return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0u) + (d->header[1] & 128 ? 4u : 0u);
}

static bool is_control(enum ws_opcode opcode)
{
    return opcode >= WS_CLOSE;
}

/* The shortest form of a length is required (RFC 6455 section 5.2). false: it is not, or bit 63 is set. */
static bool read_length(const uint8_t *h, uint64_t *out)
{
    unsigned length = h[1] & 127;
    unsigned bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
    uint64_t v = bytes ? 0 : length;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | h[2 + i];
    *out = v;
    return (bytes != 2 || v >= 126) && (bytes != 8 || (v >= 65536 && v >> 63 == 0));
}

static uint16_t judge_header(const struct ws_decoder *d, const struct ws_out *f)
{
    const uint8_t *h = d->header;
    bool known = f->opcode <= WS_BINARY || (f->opcode >= WS_CLOSE && f->opcode <= WS_PONG);
    if (h[0] & 0x70 || !known || (h[1] & 128) != (d->masked ? 128 : 0))
        return CODE_PROTOCOL;
    if (is_control(f->opcode))
        return !f->fin || f->size > WS_CONTROL_MAX || (f->opcode == WS_CLOSE && f->size == 1) ? CODE_PROTOCOL : 0;
    if ((f->opcode == WS_CONTINUATION) != d->in_message)
        return CODE_PROTOCOL;
    return f->size > d->frame_max ? CODE_TOO_BIG : 0;
}

static enum ws_event begin_frame(struct ws_decoder *d, struct ws_out *out)
{
    struct ws_out f = {.opcode = d->header[0] & 15, .fin = d->header[0] & 128};
    if (!read_length(d->header, &f.size))
        return fail(d, out, CODE_PROTOCOL);
    uint16_t code = judge_header(d, &f);
    if (code)
        return fail(d, out, code);
    if (d->masked)
        memcpy(d->mask, d->header + header_size(d) - 4, 4);
    d->mask_at = 0;
    d->frame = f;
    d->left = f.size;
    d->have = 0;
    d->in_frame = true;
    if (is_control(f.opcode))
        return WS_MORE;
    d->in_message = !f.fin;
    *out = f;
    return WS_FRAME;
}

static enum ws_event read_header(struct ws_decoder *d, const uint8_t *data, size_t n, size_t *used, struct ws_out *out)
{
    while (d->have < header_size(d)) {
        if (*used == n)
            return WS_MORE;
        d->header[d->have++] = data[(*used)++];
    }
    return begin_frame(d, out);
}

static enum ws_event end_frame(struct ws_decoder *d, struct ws_out *out)
{
    d->in_frame = false;
    *out = d->frame;
    if (!is_control(d->frame.opcode))
        return WS_FRAME_END;
    out->data = d->control;
    out->n = (size_t)d->frame.size;
    return WS_CONTROL;
}

enum ws_event ws_decode(struct ws_decoder *d, uint8_t *data, size_t n, size_t *used, struct ws_out *out)
{
    *used = 0;
    memset(out, 0, sizeof *out);
    if (d->failed)
        return WS_FAIL;
    if (!d->in_frame) {
        enum ws_event e = read_header(d, data, n, used, out);
        if (e != WS_MORE || !d->in_frame)
            return e;
    }
    if (d->left == 0)
        return end_frame(d, out);
    size_t part = n - *used;
    if (part > d->left)
        part = (size_t)d->left;
    if (part == 0)
        return WS_MORE;
    uint8_t *at = data + *used;
    if (d->masked)
        ws_mask(at, part, d->mask, d->mask_at);
    d->mask_at += part;
    *used += part;
    if (is_control(d->frame.opcode)) {
        memcpy(d->control + (size_t)(d->frame.size - d->left), at, part);
        d->left -= part;
        return d->left == 0 ? end_frame(d, out) : WS_MORE;
    }
    d->left -= part;
    *out = d->frame;
    out->data = at;
    out->n = part;
    return WS_DATA;
}

size_t ws_encode_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, bool fin, uint64_t size,
                        const uint8_t mask[4])
{
    size_t n = 2;
    unsigned bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    out[0] = (uint8_t)((fin ? 128 : 0) | (unsigned)opcode);
    out[1] = (uint8_t)((mask ? 128 : 0) | (bytes == 0 ? (unsigned)size : bytes == 2 ? 126u : 127u));
    for (unsigned i = 0; i < bytes; i++)
        out[n++] = (uint8_t)(size >> (8 * (bytes - 1 - i)));
    if (mask) {
        memcpy(out + n, mask, 4);
        n += 4;
    }
    return n;
}

void ws_mask(uint8_t *data, size_t n, const uint8_t mask[4], size_t offset)
{
    uint8_t turned[8]; /* a relay unmasks every byte it carries: eight at a time */
    uint64_t word, pattern;
    size_t i = 0;
    for (size_t k = 0; k < sizeof turned; k++)
        turned[k] = mask[(offset + k) & 3];
    memcpy(&pattern, turned, sizeof pattern);
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        word ^= pattern;
        memcpy(data + i, &word, sizeof word);
    }
    for (; i < n; i++)
        data[i] ^= turned[i & 7];
}

/* RFC 4648 base64 of whole groups of three bytes; 4 * groups characters, no NUL. */
static void base64(char *out, const uint8_t *data, size_t groups)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; groups > 0; groups--, data += 3, out += 4) {
        uint32_t v = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
        for (int j = 0; j < 4; j++)
            out[j] = alphabet[v >> (18 - 6 * j) & 63];
    }
}

void ws_key(char out[WS_KEY_SIZE], const uint8_t nonce[WS_NONCE_BYTES])
{
    uint8_t padded[WS_NONCE_BYTES + 2] = {0};
    memcpy(padded, nonce, WS_NONCE_BYTES);
    base64(out, padded, 6);
    out[22] = out[23] = '='; /* 16 bytes leave one and two pads */
    out[24] = '\0';
}

void ws_accept(char out[WS_ACCEPT_SIZE], const char *key,
               void (*sha1)(uint8_t digest[WS_SHA1_BYTES], const void *data, size_t n))
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_MAX + sizeof guid];
    uint8_t digest[WS_SHA1_BYTES + 1] = {0};
    int n = snprintf(text, sizeof text, "%.*s%s", KEY_MAX, key, guid);
    sha1(digest, text, (size_t)n);
    base64(out, digest, 7);
    out[27] = '='; /* 20 bytes leave two characters and one pad */
    out[28] = '\0';
}
