/* An RFB 3.8 server (RFC 6143) without sockets: bytes of the client in, bytes for it out. Extensions of the
 * community's rfbproto: Tight, Cursor, ExtendedDesktopSize, DesktopName, Fence, ContinuousUpdates, QEMU extended
 * key events, LastRect is not needed. Security type None: the channel around it is encrypted end to end. */
#ifndef BEISTAND_RFB_H
#define BEISTAND_RFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RFB_SIZE_MAX = 16384, RFB_CLIPBOARD_MAX = 1 << 20, RFB_TILE = 64 };

/* A picture: 32 bits per pixel in memory order blue, green, red, unused. stride in bytes. */
struct rfb_frame {
    const uint8_t *pixels;
    unsigned width, height;
    size_t stride;
};

struct rfb_cursor {
    const uint8_t *pixels; /* BGRA, alpha 0 is transparent; rows of width * 4 bytes */
    unsigned width, height, hot_x, hot_y;
};

struct rfb_hooks {
    void *user;
    /* Bytes for the client; the caller takes them all (see rfb_update's room). */
    void (*send)(void *user, const void *data, size_t n);
    /* down: pressed. keysym: X11; scancode: XT set 1 with 0x80 for E0 (QEMU), 0 when unknown. */
    void (*key)(void *user, bool down, uint32_t keysym, uint32_t scancode);
    /* buttons: bit 0 left, 1 middle, 2 right, 3 wheel up, 4 wheel down, 5 wheel left, 6 wheel right. */
    void (*pointer)(void *user, unsigned x, unsigned y, unsigned buttons);
    /* Latin-1 text of ClientCutText, NUL-terminated. May be NULL. */
    void (*cut_text)(void *user, const char *text, size_t n);
};

struct rfb;
/* view_only: input is read and dropped. name: of the desktop, UTF-8. NULL without memory or with a wrong size. */
struct rfb *rfb_new(unsigned width, unsigned height, const char *name, bool view_only,
                    const struct rfb_hooks *hooks);
void rfb_free(struct rfb *r);

/* Bytes from the client, in any portions. 0, or -1: it broke the protocol; the connection is over. */
int rfb_feed(struct rfb *r, const uint8_t *data, size_t n);

/* Does the client wait for a picture? (else capturing is waste) */
bool rfb_wants_update(const struct rfb *r);
/* Compares the frame with what the client has and sends what differs, as far as about room bytes allow; the rest
 * comes with a later call. A frame of another size tells the client the new size first. */
void rfb_update(struct rfb *r, const struct rfb_frame *frame, size_t room);
/* A new shape of the cursor; NULL: none. Copied. */
void rfb_set_cursor(struct rfb *r, const struct rfb_cursor *cursor);

#endif
