/* What the viewer sends: handshake (RFC 6143 section 7.1–7.3) and messages (7.5 and extensions). Each
 * message is collected whole before it is looked at; message_size() says from the bytes at hand how
 * many are needed, so any fragmentation gives the same calls, and no length is believed beyond its
 * limit. */
#include "rfb_internal.h"

enum {
    MSG_PIXEL_FORMAT = 0,
    MSG_ENCODINGS = 2,
    MSG_REQUEST = 3,
    MSG_KEY = 4,
    MSG_POINTER = 5,
    MSG_CUT_TEXT = 6,
    MSG_CONTINUOUS = 150,
    MSG_FENCE = 248,
    MSG_SET_SIZE = 251,
    MSG_QEMU = 255
};
#define FENCE_REQUEST 0x80000000u
#define FENCE_KNOWN 7u /* BlockBefore, BlockAfter, SyncNext: true by working strictly in order */

static void grant_init(struct rfb *r)
{
    size_t n = strlen(r->name);
    rfb_out_u16(&r->out, r->width);
    rfb_out_u16(&r->out, r->height);
    rfb_out_put(&r->out, rfb_pixels_server_format, sizeof rfb_pixels_server_format);
    rfb_out_u32(&r->out, (uint32_t)n);
    rfb_out_put(&r->out, r->name, n);
    r->say_name = false;
    r->phase = RFB_PHASE_NORMAL;
}

static enum rfb_result on_version(struct rfb *r, const uint8_t *m)
{
    unsigned major = 0, minor = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (m[4 + i] < '0' || m[4 + i] > '9' || m[8 + i] < '0' || m[8 + i] > '9')
            return rfb_fail(r, RFB_ERR_PROTOCOL, "not an RFB viewer");
        major = major * 10 + m[4 + i] - '0';
        minor = minor * 10 + m[8 + i] - '0';
    }
    if (memcmp(m, "RFB ", 4) != 0 || m[7] != '.' || m[11] != '\n')
        return rfb_fail(r, RFB_ERR_PROTOCOL, "not an RFB viewer");
    if (major < 3 || (major == 3 && minor < 3))
        return rfb_fail(r, RFB_ERR_UNSUPPORTED, "RFB version below 3.3");
    r->minor = major > 3 || minor >= 8 ? 8 : minor == 7 ? 7 : 3; /* RFC 6143 section 7.1.1 */
    if (r->minor == 3) {
        rfb_out_u32(&r->out, 1); /* the server decides: None */
        r->phase = RFB_PHASE_INIT;
    } else {
        rfb_out_put(&r->out, (const uint8_t[]){1, 1}, 2);
        r->phase = RFB_PHASE_SECURITY;
    }
    return RFB_OK;
}

static enum rfb_result on_security(struct rfb *r, uint8_t type)
{
    static const char why[] = "only security type None is offered";
    if (type != 1) {
        if (r->minor == 8) {
            rfb_out_u32(&r->out, 1);
            rfb_out_u32(&r->out, sizeof why - 1);
            rfb_out_put(&r->out, why, sizeof why - 1);
        }
        return rfb_fail(r, RFB_ERR_UNSUPPORTED, why);
    }
    if (r->minor == 8)
        rfb_out_u32(&r->out, 0);
    r->phase = RFB_PHASE_INIT;
    return RFB_OK;
}

static void read_encoding(struct rfb_viewer *v, int32_t e, bool *chosen)
{
    if (e == RFB_TIGHT || e == RFB_ZRLE || e == RFB_RAW) {
        if (!*chosen) /* the list is in the viewer's order of preference */
            v->encoding = (enum rfb_encoding)e;
        *chosen = true;
    } else if (e >= RFB_ENC_QUALITY_0 && e <= RFB_ENC_QUALITY_9) {
        v->quality = e - RFB_ENC_QUALITY_0;
    } else if (e >= RFB_ENC_COMPRESS_0 && e <= RFB_ENC_COMPRESS_9) {
        v->compress = e - RFB_ENC_COMPRESS_0;
    }
    switch (e) {
    case RFB_COPYRECT: v->copy_rect = true; break;
    case RFB_ENC_DESKTOP_SIZE: v->desktop_size = true; break;
    case RFB_ENC_EXT_DESKTOP_SIZE: v->ext_desktop_size = true; break;
    case RFB_ENC_DESKTOP_NAME: v->desktop_name = true; break;
    case RFB_ENC_CURSOR: v->cursor = true; break;
    case RFB_ENC_CURSOR_ALPHA: v->cursor_alpha = true; break;
    case RFB_ENC_VMWARE_CURSOR: v->vmware_cursor = true; break;
    case RFB_ENC_QEMU_KEY: v->qemu_key = true; break;
    case RFB_ENC_EXT_MOUSE: v->ext_mouse = true; break;
    case RFB_ENC_FENCE: v->fence = true; break;
    case RFB_ENC_CONTINUOUS: v->continuous = true; break;
    case RFB_ENC_EXT_CLIPBOARD: v->ext_clipboard = true; break;
    default: break; /* LastRect too: rectangles are counted before the header leaves */
    }
}

static void on_encodings(struct rfb *r, const uint8_t *m, int64_t now_ms)
{
    struct rfb_viewer was = r->viewer, v = {.encoding = RFB_RAW, .quality = -1, .compress = 3};
    bool chosen = false;
    unsigned n = rfb_get16(m + 2);

    for (unsigned i = 0; i < n; i++)
        read_encoding(&v, (int32_t)rfb_get32(m + 4 + (size_t)i * 4), &chosen);
    v.continuous = v.continuous && v.fence; /* rfbproto: needs fences */
    r->viewer = v;
    r->say_qemu_key |= v.qemu_key && !was.qemu_key;
    r->say_ext_mouse |= v.ext_mouse && !was.ext_mouse;
    r->say_size |= v.ext_desktop_size && !was.ext_desktop_size;
    if (v.cursor != was.cursor || v.cursor_alpha != was.cursor_alpha ||
        v.vmware_cursor != was.vmware_cursor)
        r->say_cursor = r->cursor != NULL;
    if (v.fence && !was.fence)
        rfb_flow_fence(r, now_ms);
    if (v.continuous && !was.continuous)
        rfb_out_u8(&r->out, MSG_CONTINUOUS); /* EndOfContinuousUpdates: "we know them" */
    if (v.ext_clipboard && !was.ext_clipboard)
        rfb_clipboard_hello(r);
}

static struct rfb_rect read_rect(const uint8_t *p)
{
    return (struct rfb_rect){rfb_get16(p), rfb_get16(p + 2), rfb_get16(p + 4), rfb_get16(p + 6)};
}

static void on_request(struct rfb *r, const uint8_t *m)
{
    struct rfb_rect a = read_rect(m + 2), *q = &r->request;

    if (!rfb_clip(r, &a))
        return;
    if (m[1] == 0)
        rfb_frame_dirty(r, &a);
    if (!r->requested) {
        *q = a;
        r->requested = true;
        return;
    }
    /* Two requests in a row: the box around both. Sending more than was asked is harmless. */
    unsigned right = q->x + q->w > a.x + a.w ? q->x + q->w : a.x + a.w;
    unsigned bottom = q->y + q->h > a.y + a.h ? q->y + q->h : a.y + a.h;
    q->x = a.x < q->x ? a.x : q->x;
    q->y = a.y < q->y ? a.y : q->y;
    q->w = (uint16_t)(right - q->x);
    q->h = (uint16_t)(bottom - q->y);
}

static void on_continuous(struct rfb *r, const uint8_t *m)
{
    struct rfb_rect a = read_rect(m + 2);
    if (m[1] != 0) {
        r->continuous = rfb_clip(r, &a);
        r->continuous_area = a;
    } else {
        if (r->continuous)
            rfb_out_u8(&r->out, MSG_CONTINUOUS);
        r->continuous = false;
    }
}

static void on_pointer(struct rfb *r, const uint8_t *m)
{
    uint16_t mask = m[1], x = rfb_get16(m + 2), y = rfb_get16(m + 4);
    if (r->ext_mouse_said && (mask & 0x80)) /* buttons 8 and 9: bits 0 and 1 of the extra byte */
        mask = (uint16_t)((mask & 0x7f) | (m[6] & 3) << 7);
    if (r->view_only || r->on.pointer == NULL)
        return;
    x = x < r->width ? x : (uint16_t)(r->width - 1);
    y = y < r->height ? y : (uint16_t)(r->height - 1);
    r->on.pointer(r->on.user, x, y, mask);
}

static void key_event(struct rfb *r, uint32_t keysym, uint32_t scancode, bool down)
{
    if (!r->view_only && r->on.key != NULL)
        r->on.key(r->on.user, down, keysym, scancode);
}

/* On the wire an extended key is its set-1 code with bit 7; some viewers send 0xe0xx. */
static void on_qemu_key(struct rfb *r, const uint8_t *m)
{
    uint32_t code = rfb_get32(m + 8);
    if (code > 0xe000 && code < 0xe080)
        code = 0x80 | (code & 0x7f);
    key_event(r, rfb_get32(m + 4), code < 0x100 && code != 0x80 ? code : 0, rfb_get16(m + 2) != 0);
}

static enum rfb_result on_cut_text(struct rfb *r, const uint8_t *m)
{
    int64_t size = (int32_t)rfb_get32(m + 4);
    int64_t n = size < 0 ? -size : size;

    if (n > RFB_TEXT_MAX) {
        r->skipping = (uint64_t)n; /* too long for a clipboard, no reason to lose the session */
        return RFB_OK;
    }
    if (size < 0)
        return rfb_clipboard_extended(r, m + 8, (size_t)n);
    rfb_clipboard_plain(r, m + 8, (size_t)n);
    return RFB_OK;
}

static void on_fence(struct rfb *r, const uint8_t *m, int64_t now_ms)
{
    uint32_t flags = rfb_get32(m + 4);
    if (!(flags & FENCE_REQUEST)) {
        rfb_flow_answer(r, m + 9, m[8], now_ms);
        return;
    }
    rfb_out_put(&r->out, (const uint8_t[]){MSG_FENCE, 0, 0, 0}, 4);
    rfb_out_u32(&r->out, flags & FENCE_KNOWN);
    rfb_out_put(&r->out, m + 8, 1u + m[8]);
}

/* Size of the message that starts in m with n ≥ 1 bytes at hand, as far as these say; 0: no such
 * message or beyond a limit. */
static size_t message_size(const struct rfb *r, const uint8_t *m, size_t n)
{
    switch (m[0]) {
    case MSG_PIXEL_FORMAT: return 20;
    case MSG_ENCODINGS: return n < 4 ? 4 : 4 + 4 * (size_t)rfb_get16(m + 2);
    case MSG_REQUEST: return 10;
    case MSG_KEY: return 8;
    case MSG_POINTER: return n >= 2 && r->ext_mouse_said && (m[1] & 0x80) ? 7 : 6;
    case MSG_CUT_TEXT: {
        int64_t size = n < 8 ? 0 : (int32_t)rfb_get32(m + 4);
        size = size < 0 ? -size : size;
        return size > RFB_TEXT_MAX ? 8 : 8 + (size_t)size;
    }
    case MSG_CONTINUOUS: return 10;
    case MSG_FENCE: return n < 9 ? 9 : m[8] <= 64 ? 9u + m[8] : 0;
    case MSG_SET_SIZE: return n < 8 ? 8 : 8 + 16 * (size_t)m[6];
    case MSG_QEMU: return n < 2 || m[1] == 0 ? 12 : 0;
    default: return 0;
    }
}

static enum rfb_result on_message(struct rfb *r, const uint8_t *m, int64_t now_ms)
{
    switch (m[0]) {
    case MSG_PIXEL_FORMAT:
        if (!rfb_pixels_set(&r->pixels, m + 4))
            return rfb_fail(r, RFB_ERR_UNSUPPORTED, "the viewer's pixel format is not true colour");
        r->say_cursor |= r->cursor != NULL; /* it is sent in the viewer's format */
        break;
    case MSG_ENCODINGS: on_encodings(r, m, now_ms); break;
    case MSG_REQUEST: on_request(r, m); break;
    case MSG_KEY: key_event(r, rfb_get32(m + 4), 0, m[1] != 0); break;
    case MSG_POINTER: on_pointer(r, m); break;
    case MSG_CUT_TEXT: return on_cut_text(r, m);
    case MSG_CONTINUOUS: on_continuous(r, m); break;
    case MSG_FENCE: on_fence(r, m, now_ms); break;
    case MSG_SET_SIZE: r->size_reply = 1; break; /* the customer's monitors are the customer's */
    case MSG_QEMU: on_qemu_key(r, m); break;
    default: break;
    }
    return RFB_OK;
}

static size_t phase_size(const struct rfb *r)
{
    const uint8_t *m = rfb_out_bytes(&r->in);
    switch (r->phase) {
    case RFB_PHASE_VERSION: return 12;
    case RFB_PHASE_SECURITY:
    case RFB_PHASE_INIT: return 1;
    default: return r->in.size == 0 ? 1 : message_size(r, m, r->in.size);
    }
}

static enum rfb_result phase_message(struct rfb *r, int64_t now_ms)
{
    const uint8_t *m = rfb_out_bytes(&r->in);
    switch (r->phase) {
    case RFB_PHASE_VERSION: return on_version(r, m);
    case RFB_PHASE_SECURITY: return on_security(r, m[0]);
    case RFB_PHASE_INIT: grant_init(r); return RFB_OK; /* the shared flag: each viewer is its own */
    default: return on_message(r, m, now_ms);
    }
}

static size_t skip(struct rfb *r, size_t size)
{
    size_t n = r->skipping < size ? (size_t)r->skipping : size;
    r->skipping -= n;
    return n;
}

enum rfb_result rfb_input(struct rfb *r, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    while (size > 0) {
        size_t n = skip(r, size);
        if (n == 0) {
            size_t whole = phase_size(r);
            if (whole == 0)
                return rfb_fail(r, RFB_ERR_PROTOCOL, "unknown or over-long message of the viewer");
            n = whole - r->in.size < size ? whole - r->in.size : size;
            rfb_out_put(&r->in, bytes, n);
            if (r->in.failed)
                return rfb_fail(r, RFB_ERR_MEMORY, "out of memory");
            if (phase_size(r) == 0)
                return rfb_fail(r, RFB_ERR_PROTOCOL, "unknown or over-long message of the viewer");
            if (r->in.size == phase_size(r)) {
                if (phase_message(r, now_ms) != RFB_OK)
                    return r->failed;
                rfb_out_clear(&r->in);
            }
        }
        bytes += n;
        size -= n;
    }
    return RFB_OK;
}
