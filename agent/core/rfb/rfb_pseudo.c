/* Rectangles that carry no screen pixels: size and monitors, cursor, name, and the empty ones by which
 * a server says that it knows an extension. */
#include "rfb_internal.h"

void rfb_rect_header(struct rfb *r, struct rfb_rect a, int32_t encoding)
{
    rfb_out_u16(&r->out, a.x);
    rfb_out_u16(&r->out, a.y);
    rfb_out_u16(&r->out, a.w);
    rfb_out_u16(&r->out, a.h);
    rfb_out_u32(&r->out, (uint32_t)encoding);
}

bool rfb_pseudo_size(const struct rfb *r)
{
    if (r->viewer.ext_desktop_size)
        return r->say_size || r->size_reply >= 0;
    return r->viewer.desktop_size && r->say_size;
}

static void write_screens(struct rfb *r, uint16_t reason, uint16_t status)
{
    struct rfb_screen whole = {0, 0, 0, r->width, r->height};
    const struct rfb_screen *s = r->screen_count > 0 ? r->screens : &whole;
    size_t n = r->screen_count > 0 ? r->screen_count : 1;

    rfb_rect_header(r, (struct rfb_rect){reason, status, r->width, r->height},
                    RFB_ENC_EXT_DESKTOP_SIZE);
    rfb_out_put(&r->out, (const uint8_t[]){(uint8_t)n, 0, 0, 0}, 4);
    for (size_t i = 0; i < n; i++) {
        rfb_out_u32(&r->out, s[i].id);
        rfb_out_u16(&r->out, s[i].x);
        rfb_out_u16(&r->out, s[i].y);
        rfb_out_u16(&r->out, s[i].w);
        rfb_out_u16(&r->out, s[i].h);
        rfb_out_u32(&r->out, 0);
    }
}

unsigned rfb_pseudo_write_size(struct rfb *r)
{
    unsigned n = 0;
    if (r->viewer.ext_desktop_size) {
        if (r->say_size) {
            write_screens(r, 0, 0);
            n++;
        }
        if (r->size_reply >= 0) { /* reason 1: answers this viewer's SetDesktopSize */
            write_screens(r, 1, (uint16_t)r->size_reply);
            n++;
        }
    } else {
        rfb_rect_header(r, (struct rfb_rect){0, 0, r->width, r->height}, RFB_ENC_DESKTOP_SIZE);
        n++;
    }
    r->say_size = false;
    r->size_reply = -1;
    return n;
}

/* BGRA → RGBA; premultiplied for -314, straight for the VMware encoding as noVNC draws it. */
static void put_rgba(struct rfb *r, bool premultiply)
{
    size_t n = (size_t)r->cursor_w * r->cursor_h;
    uint8_t *to = rfb_out_reserve(&r->out, n * 4);
    if (to == NULL || n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = r->cursor + i * 4;
        unsigned a = premultiply ? p[3] : 255;
        to[i * 4] = (uint8_t)(p[2] * a / 255);
        to[i * 4 + 1] = (uint8_t)(p[1] * a / 255);
        to[i * 4 + 2] = (uint8_t)(p[0] * a / 255);
        to[i * 4 + 3] = p[3];
    }
    rfb_out_add(&r->out, n * 4);
}

static void put_pixels_and_mask(struct rfb *r)
{
    size_t n = (size_t)r->cursor_w * r->cursor_h;
    size_t bytes = n * rfb_pixels_size(&r->pixels, RFB_PACK_PIXEL);
    uint8_t *to = rfb_out_reserve(&r->out, bytes);
    if (to == NULL)
        return;
    rfb_pixels_pack(&r->pixels, RFB_PACK_PIXEL, r->cursor, n, to);
    rfb_out_add(&r->out, bytes);
    for (unsigned y = 0; y < r->cursor_h; y++) {
        uint8_t row[(RFB_CURSOR_MAX + 7) / 8] = {0};
        for (unsigned x = 0; x < r->cursor_w; x++)
            if (r->cursor[((size_t)y * r->cursor_w + x) * 4 + 3] >= 128)
                row[x / 8] |= (uint8_t)(0x80 >> x % 8);
        rfb_out_put(&r->out, row, (r->cursor_w + 7u) / 8);
    }
}

static bool can_cursor(const struct rfb *r)
{
    return r->viewer.cursor || r->viewer.cursor_alpha || r->viewer.vmware_cursor;
}

static void write_cursor(struct rfb *r)
{
    struct rfb_rect a = {r->cursor_hot_x, r->cursor_hot_y, r->cursor_w, r->cursor_h};
    if (r->viewer.cursor_alpha) {
        rfb_rect_header(r, a, RFB_ENC_CURSOR_ALPHA);
        rfb_out_u32(&r->out, RFB_RAW);
        put_rgba(r, true);
    } else if (r->viewer.vmware_cursor) {
        rfb_rect_header(r, a, RFB_ENC_VMWARE_CURSOR);
        rfb_out_put(&r->out, (const uint8_t[]){1, 0}, 2); /* type 1: alpha */
        put_rgba(r, false);
    } else {
        rfb_rect_header(r, a, RFB_ENC_CURSOR);
        put_pixels_and_mask(r);
    }
}

bool rfb_pseudo_waiting(const struct rfb *r)
{
    return rfb_pseudo_size(r) || r->say_qemu_key || r->say_ext_mouse ||
           (r->say_cursor && r->cursor != NULL && can_cursor(r)) ||
           (r->say_name && r->viewer.desktop_name);
}

unsigned rfb_pseudo_write(struct rfb *r)
{
    unsigned n = 0;
    if (r->say_qemu_key) {
        rfb_rect_header(r, (struct rfb_rect){0, 0, r->width, r->height}, RFB_ENC_QEMU_KEY);
        r->say_qemu_key = false;
        n++;
    }
    if (r->say_ext_mouse) {
        rfb_rect_header(r, (struct rfb_rect){0, 0, 0, 0}, RFB_ENC_EXT_MOUSE);
        r->say_ext_mouse = false;
        r->ext_mouse_said = true;
        n++;
    }
    if (r->say_name && r->viewer.desktop_name) {
        size_t size = strlen(r->name);
        rfb_rect_header(r, (struct rfb_rect){0, 0, 0, 0}, RFB_ENC_DESKTOP_NAME);
        rfb_out_u32(&r->out, (uint32_t)size);
        rfb_out_put(&r->out, r->name, size);
        r->say_name = false;
        n++;
    }
    if (r->say_cursor && r->cursor != NULL && can_cursor(r)) {
        write_cursor(r);
        r->say_cursor = false;
        n++;
    }
    return n;
}
