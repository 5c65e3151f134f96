/* A hostile PC against the technician's CLI: ZRLE rectangles. Two in a row, since the zlib stream goes on. The bytes
 * are tried as they come, and compressed, so that the fuzzer reaches the tiles. */
#include "services/cli/zrle.c"

#include <stdlib.h>

enum { WIDTH = 200, HEIGHT = 140 };

static void draw(z_stream *z, const uint8_t *p, size_t n, unsigned x, unsigned y, unsigned w, unsigned h)
{
    static uint32_t pixels[WIDTH * HEIGHT];
    struct zrle_picture picture = {pixels, WIDTH};
    (void)zrle_rect(z, p, n, &picture, x, y, w, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    z_stream raw = {0}, packed = {0};
    uLongf n = compressBound((uLong)size);
    uint8_t *bytes = malloc(n + 1);
    if (size < 2 || !bytes) {
        free(bytes);
        return 0;
    }
    if (inflateInit(&raw) != Z_OK || inflateInit(&packed) != Z_OK)
        abort();
    unsigned w = 1 + data[0] % WIDTH, h = 1 + data[1] % HEIGHT;
    draw(&raw, data + 2, size - 2, WIDTH - w, HEIGHT - h, w, h);
    draw(&raw, data + 2, size - 2, 0, 0, w, h);
    if (compress(bytes, &n, data + 2, size - 2) == Z_OK)
        draw(&packed, bytes, n, WIDTH - w, HEIGHT - h, w, h);
    inflateEnd(&raw);
    inflateEnd(&packed);
    free(bytes);
    return 0;
}
