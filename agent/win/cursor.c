/* See cursor.h. A colour cursor is a bitmap with alpha, or without and a mask beside it; a black-and-white one is two
 * masks on top of each other (ICONINFO in winuser.h). */
#include "cursor.h"

#include <string.h>

struct bits {
    uint32_t pixels[SHARE_CURSOR_MAX * SHARE_CURSOR_MAX * 2]; /* a mask may be twice as high */
    int width, height;
};

static bool read_bits(HBITMAP bitmap, struct bits *out)
{
    BITMAP b;
    if (!bitmap || !GetObjectW(bitmap, sizeof b, &b) || b.bmWidth < 1 || b.bmHeight < 1 || b.bmWidth > SHARE_CURSOR_MAX ||
        b.bmHeight > 2 * SHARE_CURSOR_MAX)
        return false;
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = b.bmWidth,
                                     .biHeight = -b.bmHeight,
                                     .biPlanes = 1,
                                     .biBitCount = 32,
                                     .biCompression = BI_RGB}};
    HDC dc = GetDC(NULL);
    int rows = GetDIBits(dc, bitmap, 0, (UINT)b.bmHeight, out->pixels, &info, DIB_RGB_COLORS);
    ReleaseDC(NULL, dc);
    out->width = b.bmWidth;
    out->height = b.bmHeight;
    return rows == b.bmHeight;
}

static bool has_alpha(const struct bits *b)
{
    for (int i = 0; i < b->width * b->height; i++)
        if (b->pixels[i] >> 24)
            return true;
    return false;
}

enum { OPAQUE_ALPHA = (int)0xFF000000, COLOUR = 0x00FFFFFF };

/* mask white: transparent. */
static void apply_mask(struct bits *colour, const struct bits *mask)
{
    for (int i = 0; i < colour->width * colour->height; i++)
        colour->pixels[i] = mask->pixels[i] & COLOUR ? 0 : (colour->pixels[i] & COLOUR) | (uint32_t)OPAQUE_ALPHA;
}

/* Upper half AND, lower half XOR; what inverts the screen (1, 1) is shown black. */
static void from_masks(struct bits *masks)
{
    int n = masks->width * masks->height / 2;
    for (int i = 0; i < n; i++) {
        bool keep = masks->pixels[i] & COLOUR, flip = masks->pixels[n + i] & COLOUR;
        masks->pixels[i] = keep && !flip ? 0 : (uint32_t)OPAQUE_ALPHA | (flip && !keep ? COLOUR : 0);
    }
    masks->height /= 2;
}

static bool shape_of(const ICONINFO *icon, struct bits *out)
{
    static struct bits mask;
    if (!icon->hbmColor) {
        if (!read_bits(icon->hbmMask, out))
            return false;
        from_masks(out);
        return true;
    }
    if (!read_bits(icon->hbmColor, out) || out->height > SHARE_CURSOR_MAX)
        return false;
    if (!has_alpha(out) && read_bits(icon->hbmMask, &mask) && mask.width == out->width && mask.height == out->height)
        apply_mask(out, &mask);
    return true;
}

static void write_shape(struct share *s, const struct bits *shape, const ICONINFO *icon)
{
    InterlockedIncrement(&s->cursor_turn);
    s->cursor_width = shape ? shape->width : 0;
    s->cursor_height = shape ? shape->height : 0;
    s->cursor_hot_x = shape ? (LONG)icon->xHotspot : 0;
    s->cursor_hot_y = shape ? (LONG)icon->yHotspot : 0;
    if (shape)
        memcpy(share_cursor(s), shape->pixels, (size_t)shape->width * (size_t)shape->height * 4);
    InterlockedIncrement(&s->cursor_turn);
}

void cursor_share(struct share *s)
{
    static HCURSOR last;
    static struct share *last_share;
    static struct bits shape;
    CURSORINFO info = {.cbSize = sizeof info};
    ICONINFO icon = {0};
    if (!GetCursorInfo(&info))
        return;
    HCURSOR shown = info.flags & CURSOR_SHOWING ? info.hCursor : NULL;
    if (shown == last && s == last_share)
        return;
    last = shown;
    last_share = s;
    if (!shown) {
        write_shape(s, NULL, NULL);
        return;
    }
    if (!GetIconInfo(shown, &icon))
        return;
    if (shape_of(&icon, &shape))
        write_shape(s, &shape, &icon);
    DeleteObject(icon.hbmMask);
    if (icon.hbmColor)
        DeleteObject(icon.hbmColor);
}
