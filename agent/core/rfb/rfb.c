/* See rfb.h. Life, output and the calls of the program; whatever went wrong inside one of them is found
 * in settle(), the one place that makes a failure final. */
#include "rfb_internal.h"

#include <stdlib.h>

enum {
    IN_MAX = RFB_TEXT_MAX + 64, /* the longest message is a clipboard text */
    PIECE_MAX = RFB_JOIN_AREA * 4 + 32 * 1024 /* a rectangle, worst case, packed or not */
};

enum rfb_result rfb_fail(struct rfb *r, enum rfb_result code, const char *why)
{
    if (r->failed == RFB_OK) {
        r->failed = code;
        r->error = why;
    }
    return r->failed;
}

static enum rfb_result settle(struct rfb *r)
{
    if (r->failed == RFB_OK && r->out.failed)
        return r->out.overflow ? rfb_fail(r, RFB_ERR_OVERFLOW, "the viewer does not read")
                               : rfb_fail(r, RFB_ERR_MEMORY, "out of memory");
    return r->failed;
}

static bool size_ok(unsigned w, unsigned h)
{
    return w > 0 && h > 0 && w <= RFB_SIZE_MAX && h <= RFB_SIZE_MAX &&
           (size_t)w * h <= RFB_AREA_MAX;
}

/* Cut between characters: a UTF-8 sequence's later bytes begin with the bits 10. */
static void copy_name(struct rfb *r, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    if (n > RFB_NAME_MAX)
        for (n = RFB_NAME_MAX; n > 0 && ((uint8_t)name[n] & 0xc0) == 0x80; n--)
            ;
    memcpy(r->name, n ? name : "", n);
    r->name[n] = '\0';
}

struct rfb *rfb_new(const struct rfb_options *o)
{
    struct rfb *r = size_ok(o->width, o->height) ? calloc(1, sizeof *r) : NULL;
    if (r == NULL)
        return NULL;
    rfb_out_init(&r->in, IN_MAX);
    rfb_out_init(&r->out, RFB_OUTPUT_MAX);
    rfb_out_init(&r->scratch, PIECE_MAX);
    rfb_out_init(&r->packed, PIECE_MAX);
    rfb_pixels_init(&r->pixels);
    rfb_flow_init(&r->flow);
    r->on = o->on;
    r->view_only = o->view_only;
    r->viewer = (struct rfb_viewer){.encoding = RFB_RAW, .quality = -1, .compress = 3};
    r->size_reply = -1;
    r->frame_w = (uint16_t)o->width;
    r->frame_h = (uint16_t)o->height;
    copy_name(r, o->name);
    rfb_out_put(&r->out, "RFB 003.008\n", 12);
    if (r->out.failed || rfb_frame_resize(r, r->frame_w, r->frame_h) != RFB_OK) {
        rfb_free(r);
        return NULL;
    }
    return r;
}

void rfb_free(struct rfb *r)
{
    if (r == NULL)
        return;
    for (unsigned i = 0; i < 3; i++)
        rfb_stream_cleanup(&r->tight[i]);
    rfb_stream_cleanup(&r->zrle);
    rfb_out_cleanup(&r->in);
    rfb_out_cleanup(&r->out);
    rfb_out_cleanup(&r->scratch);
    rfb_out_cleanup(&r->packed);
    free(r->copy);
    free(r->tiles);
    free(r->cursor);
    free(r->clipboard);
    free(r);
}

enum rfb_result rfb_feed(struct rfb *r, const void *bytes, size_t size, int64_t now_ms)
{
    if (r->failed == RFB_OK && rfb_input(r, bytes, size, now_ms) == RFB_OK)
        rfb_clipboard_send(r);
    return settle(r);
}

const char *rfb_error(const struct rfb *r)
{
    return r->error ? r->error : "";
}

const uint8_t *rfb_output(const struct rfb *r, size_t *size)
{
    *size = r->out.size;
    return rfb_out_bytes(&r->out);
}

void rfb_output_taken(struct rfb *r, size_t n)
{
    n = n < r->out.size ? n : r->out.size;
    r->taken += n;
    rfb_out_take(&r->out, n);
}

bool rfb_wants_frame(const struct rfb *r, int64_t now_ms)
{
    return rfb_update_allowed(r, now_ms);
}

int rfb_next_ms(const struct rfb *r, int64_t now_ms)
{
    if (r->failed != RFB_OK)
        return -1;
    return rfb_clipboard_waiting(r) ? 0 : rfb_update_next_ms(r, now_ms);
}

/* ---- frames ---- */

static void forget_screens_outside(struct rfb *r)
{
    for (size_t i = 0; i < r->screen_count; i++) {
        const struct rfb_screen *s = &r->screens[i];
        if (s->x + s->w > r->width || s->y + s->h > r->height)
            r->screen_count = 0;
    }
}

/* A new size: the viewer's picture follows, or stays and shows the frame on black. */
static enum rfb_result resize(struct rfb *r, uint16_t w, uint16_t h)
{
    bool follows = r->viewer.desktop_size || r->viewer.ext_desktop_size;
    if (rfb_frame_resize(r, follows ? w : r->width, follows ? h : r->height) != RFB_OK)
        return rfb_fail(r, RFB_ERR_MEMORY, "out of memory");
    r->frame_w = w;
    r->frame_h = h;
    r->say_size |= follows;
    forget_screens_outside(r);
    return RFB_OK;
}

enum rfb_result rfb_update(struct rfb *r, const struct rfb_frame *frame,
                           const struct rfb_rect *hints, size_t hint_count, int64_t now_ms,
                           bool *sent)
{
    bool put = false;
    if (sent != NULL)
        *sent = false;
    if (r->failed != RFB_OK)
        return r->failed;
    if (frame != NULL && (!size_ok(frame->width, frame->height) ||
                          frame->stride < (size_t)frame->width * 4))
        return RFB_ERR_ARGUMENT;
    rfb_clipboard_send(r);
    if (!rfb_update_allowed(r, now_ms))
        return settle(r);
    if (frame != NULL) {
        bool other = frame->width != r->frame_w || frame->height != r->frame_h;
        if (other && resize(r, (uint16_t)frame->width, (uint16_t)frame->height) != RFB_OK)
            return r->failed;
        rfb_frame_compare(r, frame, other ? NULL : hints, hint_count);
        r->framed = true;
    }
    put = rfb_update_encode(r, frame, now_ms);
    if (sent != NULL)
        *sent = put;
    return settle(r);
}

/* ---- what else the PC tells ---- */

enum rfb_result rfb_set_cursor(struct rfb *r, const struct rfb_cursor *c)
{
    static const struct rfb_cursor hidden;
    c = c && c->width > 0 && c->height > 0 ? c : &hidden;
    if (c->width > RFB_CURSOR_MAX || c->height > RFB_CURSOR_MAX ||
        (c->width > 0 && (c->hot_x >= c->width || c->hot_y >= c->height)))
        return RFB_ERR_ARGUMENT;
    size_t size = (size_t)c->width * c->height * 4;
    uint8_t *copy = malloc(size + 1); /* NULL means that there never was one */
    if (copy == NULL)
        return RFB_ERR_MEMORY;
    if (size > 0)
        memcpy(copy, c->pixels, size);
    free(r->cursor);
    r->cursor = copy;
    r->cursor_w = (uint16_t)c->width;
    r->cursor_h = (uint16_t)c->height;
    r->cursor_hot_x = (uint16_t)c->hot_x;
    r->cursor_hot_y = (uint16_t)c->hot_y;
    r->say_cursor = true;
    return RFB_OK;
}

enum rfb_result rfb_set_screens(struct rfb *r, const struct rfb_screen *screens, size_t count)
{
    if (count > RFB_SCREENS_MAX)
        return RFB_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++)
        if (screens[i].w == 0 || screens[i].h == 0 || screens[i].x + screens[i].w > r->width ||
            screens[i].y + screens[i].h > r->height)
            return RFB_ERR_ARGUMENT;
    if (count == r->screen_count && (count == 0 || memcmp(r->screens, screens, count * sizeof *screens) == 0))
        return RFB_OK;
    if (count > 0)
        memcpy(r->screens, screens, count * sizeof *screens);
    r->screen_count = count;
    r->say_size |= r->viewer.ext_desktop_size;
    return RFB_OK;
}

void rfb_set_name(struct rfb *r, const char *name)
{
    copy_name(r, name);
    r->say_name = true;
}

void rfb_set_view_only(struct rfb *r, bool view_only)
{
    r->view_only = view_only;
}

void rfb_stats(const struct rfb *r, struct rfb_stats *out)
{
    *out = (struct rfb_stats){
        .updates = r->updates,
        .bytes_out = r->taken,
        .rects_copy = r->rects[RFB_COUNT_COPY],
        .rects_solid = r->rects[RFB_COUNT_SOLID],
        .rects_palette = r->rects[RFB_COUNT_PALETTE],
        .rects_jpeg = r->rects[RFB_COUNT_JPEG],
        .rects_lossless = r->rects[RFB_COUNT_LOSSLESS],
        .rtt_ms = r->flow.rtt_ms,
        .window = r->flow.window,
        .ready = r->phase == RFB_PHASE_NORMAL,
        .continuous = r->continuous,
    };
}
