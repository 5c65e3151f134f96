/* The server side of RFB 3.8 (RFC 6143) as values: bytes of the viewer in, bytes for the viewer out.
 *
 * Sans-I/O: no socket, no clock, no thread. The program calls rfb_feed() with whatever arrived on the
 * screen channel, rfb_update() with captured frames, and moves rfb_output() to the channel as far as
 * the channel has credit. What stays in the output is the back-pressure: while more than
 * RFB_OUTPUT_BUSY bytes wait there, no update is encoded, so a slow viewer gets fewer and newer
 * frames, never a queue of old ones.
 *
 * Beyond RFC 6143 it speaks the community extensions (rfbproto): Tight, Cursor with alpha, VMware
 * cursor, ExtendedDesktopSize, DesktopName, Fence, ContinuousUpdates, QEMU extended keys, extended
 * mouse buttons, JPEG quality and compression levels, extended clipboard (text). Security type is
 * None: the channel it runs in is already authenticated and encrypted end to end.
 *
 * One viewer costs 4 bytes per pixel for the copy that frames are compared with (1080p: 8 MiB), and
 * at most: 4 MiB of output (given back when it has left), 4 × 264 KiB of zlib, 1.1 MiB of scratch,
 * 256 KiB of cursor, 2 MiB of clipboard text and input. Without traffic a 1080p viewer has 9 MiB.
 *
 * One struct rfb per viewer; not thread-safe; all times are milliseconds of any monotonic clock. */
#ifndef BEISTAND_RFB_H
#define BEISTAND_RFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rfb;

enum {
    RFB_SIZE_MAX = 16384,               /* pixels, width or height of a frame */
    RFB_AREA_MAX = 40 * 1024 * 1024,    /* pixels in a frame: 160 MiB for the copy we keep */
    RFB_CURSOR_MAX = 256,               /* pixels, width or height of a cursor */
    RFB_SCREENS_MAX = 16,
    RFB_NAME_MAX = 256,                 /* bytes of the desktop name */
    RFB_TEXT_MAX = 1024 * 1024,         /* bytes of clipboard text, both directions */
    RFB_OUTPUT_BUSY = 64 * 1024,        /* bytes waiting that hold back the next update */
    RFB_OUTPUT_MAX = 4 * 1024 * 1024    /* bytes waiting that end the connection */
};

enum rfb_result {
    RFB_OK = 0,
    RFB_ERR_PROTOCOL,    /* the viewer broke RFC 6143 or a limit above */
    RFB_ERR_UNSUPPORTED, /* colour maps, security types, protocol versions we do not speak */
    RFB_ERR_OVERFLOW,    /* the viewer sends but does not read */
    RFB_ERR_MEMORY,
    RFB_ERR_ARGUMENT     /* the caller's frame or cursor is outside the limits; not sticky */
};

/* Pixels are BGRX, four bytes each, blue at the lowest address; the fourth byte is ignored. */
struct rfb_frame {
    const uint8_t *pixels;
    unsigned width, height;
    size_t stride; /* bytes from row to row, ≥ 4 × width */
};

/* BGRA with straight (not premultiplied) alpha, rows of width × 4 bytes without padding. */
struct rfb_cursor {
    const uint8_t *pixels;
    unsigned width, height, hot_x, hot_y;
};

struct rfb_rect {
    uint16_t x, y, w, h;
};

struct rfb_screen {
    uint32_t id; /* stable while the monitor stays */
    uint16_t x, y, w, h;
};

/* All run inside rfb_feed(); each may be NULL. Pointers are valid during the call only. */
struct rfb_callbacks {
    void *user;
    /* keysym: X11 keysym or 0. scancode: PC set 1 as QEMU's message carries it, 0x01..0x7f and with
     * bit 7 for the keys that a keyboard prefixes with E0; 0 when the viewer knows only keysyms. */
    void (*key)(void *user, bool down, uint32_t keysym, uint32_t scancode);
    /* x, y lie inside the picture. buttons: bit 0 left, 1 middle, 2 right, 3/4 wheel up/down,
     * 5/6 wheel left/right, 7 back, 8 forward. */
    void (*pointer)(void *user, unsigned x, unsigned y, unsigned buttons);
    /* The viewer's clipboard: UTF-8, line ends \n, NUL-terminated, size without the NUL. */
    void (*cut_text)(void *user, const char *text, size_t size);
};

struct rfb_options {
    unsigned width, height; /* of the first frame */
    const char *name;       /* UTF-8, copied, cut at RFB_NAME_MAX; NULL = "" */
    bool view_only;         /* keys, pointer and clipboard of the viewer are read and dropped */
    struct rfb_callbacks on;
};

/* NULL: size outside the limits or no memory. */
struct rfb *rfb_new(const struct rfb_options *o);
void rfb_free(struct rfb *r); /* NULL is fine */

/* Bytes of the viewer, in any fragmentation. Any other answer than RFB_OK is final: close the
 * channel; rfb_error() says why in one English line. */
enum rfb_result rfb_feed(struct rfb *r, const void *bytes, size_t size, int64_t now_ms)
    __attribute__((warn_unused_result));
const char *rfb_error(const struct rfb *r);

/* Bytes for the viewer. Valid until the next call on r; take n ≤ *size of them and say so. */
const uint8_t *rfb_output(const struct rfb *r, size_t *size);
void rfb_output_taken(struct rfb *r, size_t n);

/* True when a frame now could be sent: capture only then. False before the handshake, while the
 * viewer has not asked, while output waits, while the congestion window is full. */
bool rfb_wants_frame(const struct rfb *r, int64_t now_ms);

/* Milliseconds until rfb_update(r, NULL, …) has something to do by itself (the rest of a large
 * change, a new cursor, sharpening areas that were sent as JPEG); -1: nothing. */
int rfb_next_ms(const struct rfb *r, int64_t now_ms);

/* Compares frame with what was captured before and encodes what changed as far as viewer, output and
 * congestion window allow; the rest goes with a later call. frame NULL: only goes on with what is
 * waiting. hints: the rectangles outside of which nothing changed since the last frame that was
 * wanted (Desktop Duplication's dirty and move rects); NULL = compare all. A frame of another size resizes the
 * viewer's desktop, or is cropped or padded with black when the viewer cannot resize.
 * Does nothing while rfb_wants_frame() is false. The frame is not kept. *sent (may be NULL): whether
 * an update was put in the output. */
enum rfb_result rfb_update(struct rfb *r, const struct rfb_frame *frame,
                           const struct rfb_rect *hints, size_t hint_count, int64_t now_ms,
                           bool *sent) __attribute__((warn_unused_result));

/* The PC's cursor, drawn by the viewer; copied. NULL or 0 × 0 hides it. */
enum rfb_result rfb_set_cursor(struct rfb *r, const struct rfb_cursor *cursor);

/* Monitors inside the frame; without a call, one that fills it. Copied; forgotten when a frame of
 * another size does not hold them any more. */
enum rfb_result rfb_set_screens(struct rfb *r, const struct rfb_screen *screens, size_t count);

void rfb_set_name(struct rfb *r, const char *name);
void rfb_set_view_only(struct rfb *r, bool view_only);

/* The PC's clipboard changed: UTF-8, line ends \n or \r\n, copied. The viewer is told, and gets the
 * text at once (plain) or when it asks (extended clipboard). Text beyond RFB_TEXT_MAX is refused with
 * RFB_ERR_ARGUMENT. Nothing is sent to a view-only viewer. */
enum rfb_result rfb_set_clipboard(struct rfb *r, const char *text, size_t size);

struct rfb_stats {
    uint64_t updates, bytes_out;
    uint64_t rects_copy, rects_solid, rects_palette, rects_jpeg, rects_lossless;
    unsigned rtt_ms;    /* last round trip of a fence; 0 when the viewer knows no fences */
    size_t window;      /* congestion window, bytes */
    bool ready;         /* the handshake is over */
    bool continuous;    /* ContinuousUpdates is on */
};
void rfb_stats(const struct rfb *r, struct rfb_stats *out);

#endif
