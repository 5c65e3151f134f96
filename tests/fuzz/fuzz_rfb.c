/* A hostile viewer against the RFB engine: bytes in any portions between frames, cursors, new sizes and clipboards.
 * The first byte chooses whether the handshake is done already; then each step is one byte and what it needs. */
#include "agent/core/rfb/rfb.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 150, HEIGHT = 90, STEPS_MAX = 2000 };
static uint8_t pixels[WIDTH * HEIGHT * 4];

static void on_text(void *user, const char *text, size_t n)
{
    (void)user;
    if (strlen(text) != n || n > RFB_TEXT_MAX)
        abort();
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    (void)user;
    if (x >= WIDTH || y >= HEIGHT || buttons > 0x1ff)
        abort();
}

/* Values of the fuzzer's bytes are a picture of few or of many colours. */
static void draw(const uint8_t *p, size_t n, uint8_t seed)
{
    size_t from = (size_t)seed * 211 % sizeof pixels;
    for (size_t i = 0; i < sizeof pixels / 4; i++)
        pixels[(from + i) % sizeof pixels] = n > 0 ? p[i * (1 + seed % 5) % n] : seed;
}

static void frame(struct rfb *r, uint8_t seed, int64_t now)
{
    struct rfb_frame f = {pixels, WIDTH, HEIGHT, WIDTH * 4};
    if (seed % 7 == 3)
        f.width = 1 + seed / 2, f.height = 1 + seed % HEIGHT;
    (void)!rfb_update(r, seed % 5 ? &f : NULL, NULL, 0, now, NULL);
}

static void tell(struct rfb *r, const uint8_t *p, size_t n)
{
    struct rfb_cursor cursor = {pixels, p[0] % 40u, p[0] % 17u, p[0] % 8u, 0};
    struct rfb_screen screen = {p[0], 0, 0, p[0], p[0] / 2};
    (void)rfb_set_cursor(r, &cursor);
    (void)rfb_set_screens(r, &screen, p[0] % 2);
    (void)rfb_set_clipboard(r, (const char *)p, n < 200 ? n : 200);
    rfb_set_view_only(r, p[0] & 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rfb_options o = {.width = WIDTH, .height = HEIGHT, .name = "fuzz", .on = {NULL, NULL, on_pointer, on_text}};
    struct rfb *r = size > 0 ? rfb_new(&o) : NULL;
    size_t at = 1, n;
    int64_t now = 0;
    if (!r)
        return 0;
    if (data[0] & 1)
        (void)!rfb_feed(r, "RFB 003.008\n\1\1", 14, 0);
    memset(pixels, data[0], sizeof pixels);
    for (unsigned step = 0; step < STEPS_MAX && at + 1 < size; step++, now += 20) {
        uint8_t op = data[at++];
        if (op % 8 < 5) {
            n = 1u + op / 8 < size - at ? 1u + op / 8 : size - at;
            (void)!rfb_feed(r, data + at, n, now);
            at += n;
        } else if (op % 8 == 5) {
            draw(data + at, size - at, op);
            frame(r, op, now);
        } else if (op % 8 == 6) {
            tell(r, data + at, size - at);
        } else {
            frame(r, op, now += 700);
        }
        (void)rfb_output(r, &n);
        if (n > RFB_OUTPUT_MAX)
            abort();
        rfb_output_taken(r, op & 128 ? n : n / 3);
        (void)rfb_next_ms(r, now);
    }
    rfb_free(r);
    return 0;
}
