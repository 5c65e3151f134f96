/* See rfb_scene.h. */
#include "rfb_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void scene_start(struct scene *s, unsigned width, unsigned height, uint64_t seed)
{
    *s = (struct scene){width, height, calloc((size_t)width * height, 4), seed * 2 + 1};
    if (!s->pixels)
        abort();
    scene_fill(s, 0, 0, width, height, 0xd0d8e0);
}

void scene_free(struct scene *s)
{
    free(s->pixels);
    s->pixels = NULL;
}

static uint32_t next(struct scene *s)
{
    s->seed ^= s->seed << 13; /* xorshift64 */
    s->seed ^= s->seed >> 7;
    s->seed ^= s->seed << 17;
    return (uint32_t)(s->seed >> 20);
}

unsigned scene_random(struct scene *s, unsigned below)
{
    return next(s) % below;
}

static void set(struct scene *s, unsigned x, unsigned y, uint32_t colour)
{
    if (x >= s->width || y >= s->height)
        return;
    uint8_t *p = s->pixels + ((size_t)y * s->width + x) * 4;
    p[0] = (uint8_t)colour;
    p[1] = (uint8_t)(colour >> 8);
    p[2] = (uint8_t)(colour >> 16);
    p[3] = (uint8_t)(x ^ y);
}

void scene_fill(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h, uint32_t colour)
{
    for (unsigned j = 0; j < h; j++)
        for (unsigned i = 0; i < w; i++)
            set(s, x + i, y + j, colour);
}

void scene_letter(struct scene *s, unsigned x, unsigned y, unsigned letter)
{
    static const uint32_t shades[8] = {0x101010, 0x4a3020, 0x808080, 0xa0b0c8, 0x202020, 0x000000, 0xc8a090, 0x303050};
    uint32_t bits = (letter + 1) * 0x9e3779b1u;
    for (unsigned j = 3; j < 13; j++, bits = bits * 1664525 + 1013904223)
        for (unsigned i = 1; i < 7; i++)
            if (bits >> (i + 8) & 1)
                set(s, x + i, y + j, shades[bits >> (i + 16) & 7]);
}

void scene_text(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h)
{
    scene_fill(s, x, y, w, h, 0xffffff);
    for (unsigned j = 0; j + 16 <= h; j += 16)
        for (unsigned i = 0; i + 8 <= w; i += 8)
            if (scene_random(s, 6) > 0)
                scene_letter(s, x + i, y + j, scene_random(s, 60));
}

/* A smooth picture with grain. */
void scene_photo(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h)
{
    unsigned base = scene_random(s, 256);
    for (unsigned j = 0; j < h; j++)
        for (unsigned i = 0; i < w; i++) {
            unsigned grain = scene_random(s, 12);
            uint32_t red = (base + i / 3 + grain) & 255, green = (j / 2 + grain) & 255, blue = ((i + j) / 4 + 2 * grain) & 255;
            set(s, x + i, y + j, red << 16 | green << 8 | blue);
        }
}

void scene_move(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h, int dx, int dy)
{
    uint8_t *copy = malloc((size_t)w * h * 4);
    if (!copy)
        abort();
    for (unsigned j = 0; j < h; j++)
        memcpy(copy + (size_t)j * w * 4, s->pixels + ((size_t)(y + j) * s->width + x) * 4, (size_t)w * 4);
    for (int j = 0; j < (int)h; j++)
        for (int i = 0; i < (int)w; i++)
            if (i + dx >= 0 && i + dx < (int)w && j + dy >= 0 && j + dy < (int)h)
                memcpy(s->pixels + ((size_t)((int)y + j + dy) * s->width + x + (unsigned)(i + dx)) * 4,
                       copy + ((size_t)j * w + (size_t)i) * 4, 4);
    free(copy);
}

void scene_change(struct scene *s)
{
    unsigned w = 1 + scene_random(s, s->width), h = 1 + scene_random(s, s->height);
    unsigned x = scene_random(s, s->width - w + 1), y = scene_random(s, s->height - h + 1);
    switch (scene_random(s, 7)) {
    case 0: scene_fill(s, x, y, w, h, next(s) & 0xffffff); break;
    case 1: scene_text(s, x, y, w, h); break;
    case 2: scene_photo(s, x, y, w, h); break;
    case 3: scene_letter(s, x, y, scene_random(s, 60)); break;
    case 4: scene_move(s, x, y, w, h, 0, (int)scene_random(s, h) - (int)h / 2); break;
    case 5: scene_move(s, x, y, w, h, (int)scene_random(s, w) - (int)w / 2, (int)scene_random(s, 9) - 4); break;
    default: break; /* nothing */
    }
}

struct rfb_frame scene_frame(const struct scene *s)
{
    return (struct rfb_frame){s->pixels, s->width, s->height, (size_t)s->width * 4};
}

/* ---- two ends ---- */

void ends_start(struct ends *e, unsigned width, unsigned height, const int32_t *encodings, unsigned n,
                const struct rfb_options *options)
{
    struct rfb_options o = options ? *options : (struct rfb_options){.name = "test"};
    scene_start(&e->s, width, height, 7 + width);
    o.width = width;
    o.height = height;
    e->r = rfb_new(&o);
    assert_non_null(e->r);
    assert_true(n <= sizeof e->c.encodings / sizeof *e->c.encodings);
    if (n > 0)
        memcpy(e->c.encodings, encodings, n * sizeof *encodings);
    e->c.n_encodings = n;
    e->now = 1000;
    rfb_client_start(&e->c);
    ends_pump(e);
}

void ends_free(struct ends *e)
{
    rfb_free(e->r);
    rfb_client_free(&e->c);
    scene_free(&e->s);
    memset(e, 0, sizeof *e);
}

static bool move_once(struct ends *e)
{
    size_t n;
    const uint8_t *bytes = rfb_output(e->r, &n);
    bool moved = n > 0 || e->c.out.size > 0;
    n = e->portion && n > e->portion ? e->portion : n;
    rfb_client_feed(&e->c, bytes, n);
    rfb_output_taken(e->r, n);
    e->bytes += n;
    n = e->portion && e->c.out.size > e->portion ? e->portion : e->c.out.size;
    if (n > 0) {
        assert_int_equal(rfb_feed(e->r, e->c.out.data, n, e->now), RFB_OK);
        pile_take(&e->c.out, n);
    }
    return moved;
}

void ends_pump(struct ends *e)
{
    while (move_once(e))
        if (e->c.error)
            fail_msg("the client says: %s", e->c.error);
    assert_int_equal(e->c.in.size, 0); /* no half message is left */
}

void ends_frame(struct ends *e)
{
    struct rfb_frame f = scene_frame(&e->s);
    e->now += 33;
    if (rfb_wants_frame(e->r, e->now))
        assert_int_equal(rfb_update(e->r, &f, NULL, 0, e->now, NULL), RFB_OK);
    ends_pump(e);
}

void ends_settle(struct ends *e, bool sharpen)
{
    ends_frame(e);
    for (unsigned i = 0; i < 5000; i++) {
        int wait = rfb_next_ms(e->r, e->now);
        if (wait < 0 || (wait > 0 && !sharpen))
            return;
        e->now += wait;
        bool sent;
        assert_int_equal(rfb_update(e->r, NULL, NULL, 0, e->now, &sent), RFB_OK);
        assert_true(sent); /* a promise of work that is not there would spin the loop */
        ends_pump(e);
    }
    fail_msg("never settles");
}

static unsigned difference(const struct ends *e, uint64_t *sum)
{
    unsigned worst = 0;
    for (size_t i = 0; i < (size_t)e->c.width * e->c.height; i++) {
        unsigned x = (unsigned)(i % e->c.width), y = (unsigned)(i / e->c.width);
        const uint8_t black[4] = {0}, *p = black;
        if (x < e->s.width && y < e->s.height)
            p = e->s.pixels + ((size_t)y * e->s.width + x) * 4;
        for (unsigned k = 0; k < 3; k++) {
            unsigned d = (unsigned)abs((int)p[k] - (int)(e->c.pixels[i] >> 8 * k & 255));
            worst = d > worst ? d : worst;
            *sum += d;
        }
    }
    return worst;
}

unsigned ends_difference(const struct ends *e)
{
    uint64_t sum = 0;
    return difference(e, &sum);
}

unsigned ends_mean_difference(const struct ends *e)
{
    uint64_t sum = 0;
    difference(e, &sum);
    return (unsigned)(sum * 10 / ((uint64_t)e->c.width * e->c.height * 3));
}
