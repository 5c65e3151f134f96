/* Shared by the files of the RFB engine only. */
#ifndef BEISTAND_RFB_INTERNAL_H
#define BEISTAND_RFB_INTERNAL_H

#include "rfb.h"

#include <zlib.h>

enum { INPUT_MAX = 8192, NAME_MAX_BYTES = 128, CURSOR_MAX = 128 };

enum rfb_state { RFB_VERSION, RFB_SECURITY, RFB_INIT, RFB_NORMAL };

enum rfb_encoding {
    ENCODING_RAW = 0,
    ENCODING_TIGHT = 7,
    ENCODING_CURSOR = -239,
    ENCODING_QEMU_KEY = -258,
    ENCODING_DESKTOP_SIZE = -223,
    ENCODING_EXTENDED_SIZE = -308,
    ENCODING_FENCE = -312,
    ENCODING_CONTINUOUS = -313,
    ENCODING_QUALITY_0 = -32,
    ENCODING_QUALITY_9 = -23,
};

struct pixel_format {
    unsigned bits, depth, red_max, green_max, blue_max, red_shift, green_shift, blue_shift;
    bool big_endian;
    bool native; /* 32 bits, in memory as our frames: no conversion */
};

struct rect {
    unsigned x, y, w, h;
};

struct rfb {
    struct rfb_hooks hooks;
    enum rfb_state state;
    unsigned width, height; /* of the framebuffer the client knows */
    char name[NAME_MAX_BYTES + 1];
    bool view_only;

    uint8_t input[INPUT_MAX];
    size_t input_size;
    char *cut; /* a cut text being collected */
    size_t cut_size, cut_total, skip;

    struct pixel_format format;
    bool tight, cursor_wanted, size_wanted, extended_size, fence, continuous_known, qemu_keys;
    int quality; /* 0..9, -1: lossless only */
    bool announce_size, announce_qemu;

    bool requested, continuous, full; /* full: the next update is everything of wanted */
    struct rect wanted;

    uint8_t *shadow; /* what the client has, width * height * 4 */
    uint8_t *lossy;  /* per tile: sent as JPEG, to be sent again exactly when quiet */
    unsigned next_tile;

    struct rfb_cursor cursor;
    uint8_t *cursor_pixels;
    bool cursor_due;

    z_stream zlib;
    bool zlib_ready;
    uint8_t *scratch; /* converted pixels of one tile */
    uint8_t *packed;  /* compressed bytes of one tile */
    size_t packed_size;
};

/* encode.c: a tile of the frame as one rectangle of the client's best encoding. Returns bytes sent. lossless: no
 * JPEG. *lossy is set when JPEG was used. */
size_t rfb_encode_rect(struct rfb *r, const struct rfb_frame *frame, const struct rect *rect, bool lossless,
                       bool *lossy);
void rfb_send_rect_header(struct rfb *r, const struct rect *rect, int32_t encoding);
/* One pixel in the client's format to out; returns its bytes. */
size_t rfb_put_pixel(const struct pixel_format *f, uint8_t *out, const uint8_t *bgrx);
void rfb_send_cursor(struct rfb *r);

static inline void put_u16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static inline void put_u32(uint8_t *at, uint32_t v)
{
    put_u16(at, v >> 16);
    put_u16(at + 2, v & 0xFFFF);
}

static inline unsigned get_u16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)get_u16(at) << 16 | get_u16(at + 2);
}

#endif
