/* Clipboard text. Plain cut text is Latin-1 and goes at once; the extended clipboard (rfbproto) is
 * UTF-8 with \r\n and a final NUL behind zlib, is announced first, and goes when asked for. Only the
 * text format is spoken. What has to be said waits while the output is busy, so only the newest text
 * goes, once, however often it changed or was asked for. What a view-only viewer sends is read and dropped, and it is told nothing. */
#include "rfb_internal.h"

#include <stdlib.h>

enum { MSG_SERVER_CUT_TEXT = 3, FORMAT_TEXT = 1 };
#define ACTION_CAPS 0x01000000u
#define ACTION_REQUEST 0x02000000u
#define ACTION_PEEK 0x04000000u
#define ACTION_NOTIFY 0x08000000u
#define ACTION_PROVIDE 0x10000000u
#define ACTIONS (ACTION_CAPS | ACTION_REQUEST | ACTION_PEEK | ACTION_NOTIFY | ACTION_PROVIDE)

/* ---- text ---- */

/* Length of the UTF-8 sequence at p (n ≥ 1 bytes left) and its character; 0: not UTF-8. */
static unsigned utf8_at(const uint8_t *p, size_t n, uint32_t *c)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned size = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (size == 0 || size > n)
        return 0;
    *c = size == 1 ? p[0] : p[0] & (0x7fu >> size);
    for (unsigned i = 1; i < size; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        *c = *c << 6 | (p[i] & 0x3f);
    }
    return *c < smallest[size] || *c > 0x10ffff || *c >> 11 == 27 ? 0 : size; /* 27: surrogates */
}

static bool is_utf8(const uint8_t *p, size_t n)
{
    uint32_t c;
    for (unsigned size; n > 0; p += size, n -= size) {
        size = utf8_at(p, n, &c);
        if (size == 0)
            return false;
    }
    return true;
}

/* A carriage return before a line feed is left out, on every way. */
static bool is_return(const uint8_t *p, size_t n)
{
    return p[0] == '\r' && n > 1 && p[1] == '\n';
}

/* ---- to the viewer ---- */

static void put_header(struct rfb *r, uint32_t size)
{
    rfb_out_put(&r->out, (const uint8_t[]){MSG_SERVER_CUT_TEXT, 0, 0, 0}, 4);
    rfb_out_u32(&r->out, size);
}

/* A negative length says "extended". */
static void put_extended(struct rfb *r, uint32_t flags, const struct rfb_out *body)
{
    put_header(r, 0u - (uint32_t)(4 + (body ? body->size : 0)));
    rfb_out_u32(&r->out, flags);
    if (body)
        rfb_out_put(&r->out, rfb_out_bytes(body), body->size);
}

void rfb_clipboard_hello(struct rfb *r)
{
    put_header(r, 0u - 8u);
    rfb_out_u32(&r->out, ACTIONS | FORMAT_TEXT);
    rfb_out_u32(&r->out, RFB_TEXT_MAX); /* taken without having asked for it */
}

static void provide(struct rfb *r)
{
    const uint8_t *p = (const uint8_t *)r->clipboard;
    struct rfb_stream stream = {0};
    struct rfb_out plain, packed;
    size_t size = 1; /* the NUL */

    for (size_t i = 0; i < r->clipboard_size; i++)
        size += p[i] == '\n' ? 2 : 1;
    rfb_out_init(&plain, size + 4);
    rfb_out_init(&packed, size + size / 8 + 65536);
    rfb_out_u32(&plain, (uint32_t)size);
    for (size_t i = 0; i < r->clipboard_size; i++) {
        if (p[i] == '\n')
            rfb_out_u8(&plain, '\r');
        rfb_out_u8(&plain, p[i]);
    }
    rfb_out_u8(&plain, 0);
    rfb_stream_put(&stream, 6, &plain, &packed);
    if (packed.failed)
        r->out.failed = true;
    else
        put_extended(r, ACTION_PROVIDE | FORMAT_TEXT, &packed);
    rfb_stream_cleanup(&stream);
    rfb_out_cleanup(&plain);
    rfb_out_cleanup(&packed);
}

static void notify(struct rfb *r)
{
    put_extended(r, ACTION_NOTIFY | (r->clipboard && !r->view_only ? FORMAT_TEXT : 0), NULL);
}

static void put_latin1(struct rfb *r)
{
    const uint8_t *p = (const uint8_t *)r->clipboard;
    size_t n = r->clipboard_size, count = 0;
    uint32_t c = 0;
    for (size_t i = 0; i < n; i += utf8_at(p + i, n - i, &c))
        count++;
    put_header(r, (uint32_t)count);
    for (size_t i = 0; i < n;) {
        i += utf8_at(p + i, n - i, &c);
        rfb_out_u8(&r->out, c < 0x100 ? (uint8_t)c : '?');
    }
}

static void announce(struct rfb *r)
{
    if (!r->viewer.ext_clipboard)
        put_latin1(r);
    else if (r->clipboard_caps == 0 || r->clipboard_caps & ACTION_NOTIFY)
        notify(r); /* before it said what it knows, rfbproto's default holds, which has notify */
    else if (r->clipboard_caps & ACTION_PROVIDE)
        provide(r);
}

bool rfb_clipboard_waiting(const struct rfb *r)
{
    return (r->say_clipboard || r->say_text) && !r->view_only && r->phase == RFB_PHASE_NORMAL &&
           r->out.size < RFB_OUTPUT_BUSY;
}

void rfb_clipboard_send(struct rfb *r)
{
    if (!rfb_clipboard_waiting(r))
        return;
    if (r->say_clipboard)
        announce(r);
    if (r->say_text)
        provide(r);
    r->say_clipboard = r->say_text = false;
}

static bool keep(struct rfb *r, const uint8_t *text, size_t size)
{
    char *kept = malloc(size + 1), *to = kept;
    if (kept == NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_return(text + i, size - i))
            *to++ = (char)text[i];
    free(r->clipboard);
    r->clipboard = kept;
    r->clipboard_size = (size_t)(to - kept);
    return true;
}

enum rfb_result rfb_set_clipboard(struct rfb *r, const char *text, size_t size)
{
    if (r->failed != RFB_OK)
        return r->failed;
    if (size > RFB_TEXT_MAX || !is_utf8((const uint8_t *)text, size))
        return RFB_ERR_ARGUMENT;
    if (!keep(r, (const uint8_t *)text, size))
        return RFB_ERR_MEMORY;
    r->say_clipboard = true;
    rfb_clipboard_send(r);
    return RFB_OK;
}

/* ---- from the viewer ---- */

/* text: size bytes and room for a NUL behind them. */
static void give(struct rfb *r, uint8_t *text, size_t size)
{
    uint8_t *to = text;
    const uint8_t *end = memchr(text, 0, size);
    size = end ? (size_t)(end - text) : size;
    if (!is_utf8(text, size))
        return;
    for (size_t i = 0; i < size; i++)
        if (!is_return(text + i, size - i))
            *to++ = text[i];
    *to = 0;
    r->on.cut_text(r->on.user, (const char *)text, (size_t)(to - text));
}

static bool listens(const struct rfb *r)
{
    return !r->view_only && r->on.cut_text != NULL;
}

void rfb_clipboard_plain(struct rfb *r, const uint8_t *text, size_t size)
{
    struct rfb_out utf8;
    if (!listens(r))
        return;
    rfb_out_init(&utf8, RFB_TEXT_MAX + 1);
    for (size_t i = 0; i < size; i++) {
        if (text[i] >= 0x80)
            rfb_out_u8(&utf8, (uint8_t)(0xc0 | text[i] >> 6));
        rfb_out_u8(&utf8, text[i] < 0x80 ? text[i] : (uint8_t)(0x80 | (text[i] & 0x3f)));
    }
    rfb_out_u8(&utf8, 0);
    if (!utf8.failed) /* else too long, or no memory for it: as if not copied */
        give(r, utf8.data, utf8.size - 1);
    rfb_out_cleanup(&utf8);
}

/* Inflates exactly size bytes to to. */
static bool inflate_part(z_stream *z, uint8_t *to, size_t size)
{
    z->next_out = to;
    z->avail_out = (uInt)size;
    int e = inflate(z, Z_SYNC_FLUSH);
    return (e == Z_OK || e == Z_STREAM_END || e == Z_BUF_ERROR) && z->avail_out == 0;
}

/* A size in front says how long the text is; nothing beyond it is inflated, so no bomb goes off. */
static void on_provide(struct rfb *r, const uint8_t *packed, size_t size)
{
    z_stream z = {.next_in = (Bytef *)packed, .avail_in = (uInt)size};
    uint8_t head[4], *text = NULL;
    if (!listens(r) || inflateInit(&z) != Z_OK)
        return;
    if (inflate_part(&z, head, sizeof head)) {
        size_t n = rfb_get32(head);
        text = n <= RFB_TEXT_MAX + 1 ? malloc(n + 1) : NULL;
        if (text != NULL && (n == 0 || inflate_part(&z, text, n)))
            give(r, text, n);
    }
    free(text);
    inflateEnd(&z);
}

enum rfb_result rfb_clipboard_extended(struct rfb *r, const uint8_t *body, size_t size)
{
    if (size < 4)
        return rfb_fail(r, RFB_ERR_PROTOCOL, "extended clipboard message without flags");
    uint32_t flags = rfb_get32(body);
    bool text = flags & FORMAT_TEXT;
    if (!r->viewer.ext_clipboard)
        return rfb_fail(r, RFB_ERR_PROTOCOL, "extended clipboard without having said so");
    if (flags & ACTION_CAPS) {
        r->clipboard_caps = flags & ACTIONS;
        return RFB_OK;
    }
    switch (flags & ACTIONS) {
    case ACTION_REQUEST: r->say_text |= text && r->clipboard; break;
    case ACTION_PEEK: notify(r); break;
    case ACTION_NOTIFY:
        if (text && listens(r))
            put_extended(r, ACTION_REQUEST | FORMAT_TEXT, NULL);
        break;
    case ACTION_PROVIDE:
        if (text)
            on_provide(r, body + 4, size - 4);
        break;
    default: break; /* an action of a later version */
    }
    return RFB_OK;
}
