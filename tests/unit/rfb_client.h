/* An RFB client for tests, written from RFC 6143 and rfbproto and not from the engine: it checks each byte it gets,
 * keeps the picture, and answers as a viewer does. Sans-I/O; a broken rule shows in error. */
#ifndef TESTS_RFB_CLIENT_H
#define TESTS_RFB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/* The 16 bytes of PIXEL_FORMAT as numbers. bits 0: the server's own. */
struct rfb_client_format {
    unsigned bits, depth, big_endian, red_max, green_max, blue_max, red_shift, green_shift, blue_shift;
};

struct rfb_client_screen {
    unsigned id, x, y, w, h;
};

struct pile {
    uint8_t *data;
    size_t size, capacity;
};
void pile_put(struct pile *b, const void *data, size_t n);
void pile_u8(struct pile *b, unsigned v);
void pile_u16(struct pile *b, unsigned v);
void pile_u32(struct pile *b, uint32_t v);
void pile_take(struct pile *b, size_t n);
void pile_free(struct pile *b);

struct rfb_client {
    /* Set before rfb_client_start(): */
    const char *version; /* NULL: 3.8 */
    struct rfb_client_format format;
    int32_t encodings[32];
    unsigned n_encodings;
    bool silent;       /* never asks for updates by itself */
    bool hold_fences;  /* does not answer them; see held */

    struct pile out; /* for the server */
    struct pile in;
    const char *error;
    int phase;

    unsigned width, height;
    uint32_t *pixels; /* 0x00RRGGBB */
    char name[300];
    unsigned rects_left;
    z_stream tight[4], zrle;
    bool tight_on[4], zrle_on;

    /* What happened: */
    unsigned updates, sizes, copies, jpegs, fills, palettes, basics, zrles, raws;
    bool qemu_keys, extended_mouse, continuous_known, continuous_ended;
    struct rfb_client_screen screens[16];
    unsigned n_screens, size_reason, size_status;
    unsigned cursors, cursor_w, cursor_h, hot_x, hot_y;
    uint8_t cursor[256 * 256 * 4]; /* RGBA, straight or premultiplied as it came; mask as alpha */
    struct pile held;             /* fence answers that wait, 17 bytes each */
    struct pile fence_replies;    /* payloads of answers to our own fences */
    struct pile text;             /* of the last clipboard */
    bool text_latin1;
    unsigned texts;
    uint32_t clipboard_flags; /* of the last extended message */
};

void rfb_client_start(struct rfb_client *c);
void rfb_client_free(struct rfb_client *c);
/* Bytes of the server, in any portions. */
void rfb_client_feed(struct rfb_client *c, const void *data, size_t n);

/* Messages: they go to out. */
void rfb_client_send_encodings(struct rfb_client *c);
void rfb_client_send_format(struct rfb_client *c);
void rfb_client_request(struct rfb_client *c, bool incremental);
void rfb_client_continuous(struct rfb_client *c, bool on);
void rfb_client_key(struct rfb_client *c, bool down, uint32_t keysym);
void rfb_client_qemu_key(struct rfb_client *c, bool down, uint32_t keysym, uint32_t code);
void rfb_client_pointer(struct rfb_client *c, unsigned x, unsigned y, unsigned mask);
void rfb_client_cut_text(struct rfb_client *c, const void *text, size_t n);
/* body: after the flags. */
void rfb_client_extended(struct rfb_client *c, uint32_t flags, const void *body, size_t n);

/* Between rfb_client.c and rfb_client_rects.c. fail keeps the first reason; returns 0. */
unsigned rfb_client_u16(const uint8_t *p);
uint32_t rfb_client_u32(const uint8_t *p);
size_t rfb_client_fail(struct rfb_client *c, const char *why);
size_t rfb_client_read_rect(struct rfb_client *c, const uint8_t *p, size_t n);
void rfb_client_resize(struct rfb_client *c, unsigned w, unsigned h);

#endif
