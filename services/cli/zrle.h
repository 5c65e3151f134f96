/* ZRLE rectangles (RFC 6143 section 7.7.6) in the pixel format that our own engine names: three bytes blue, green, red. */
#ifndef BEISTAND_CLI_ZRLE_H
#define BEISTAND_CLI_ZRLE_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

struct zrle_picture {
    uint32_t *pixels; /* 0x00RRGGBB */
    unsigned width;
};

/* Draws the rectangle, which lies inside the picture, from the size bytes at p. z lives as long as the connection.
 * 0, or -1: not ZRLE. */
int zrle_rect(z_stream *z, const uint8_t *p, size_t size, const struct zrle_picture *to, unsigned x, unsigned y,
              unsigned w, unsigned h);

#endif
