/* Counts the colours of an area and stops as soon as there are too many. Screens are mostly runs of
 * one colour, so a pixel equal to its left neighbour costs one compare. */
#include "rfb_internal.h"

void rfb_palette_clear(struct rfb_palette *p)
{
    p->n = 0;
    memset(p->slot, 0, sizeof p->slot);
}

static unsigned home(uint32_t colour)
{
    return (colour * 0x9e3779b1u) >> 22; /* golden-ratio hash, top 10 bits = RFB_PALETTE_SLOTS */
}

/* The slot of colour: taken by it or free. The table is at most a quarter full. */
static unsigned find(const struct rfb_palette *p, uint32_t colour)
{
    unsigned s = home(colour);
    while (p->slot[s] != 0 && p->colour[p->slot[s] - 1] != colour)
        s = (s + 1) % RFB_PALETTE_SLOTS;
    return s;
}

static bool add(struct rfb_palette *p, uint32_t colour, unsigned max)
{
    unsigned s = find(p, colour);
    if (p->slot[s] != 0)
        return true;
    if (p->n >= max)
        return false;
    p->colour[p->n++] = colour;
    p->slot[s] = (uint16_t)p->n;
    return true;
}

bool rfb_palette_add(struct rfb_palette *p, const uint8_t *bgrx, size_t stride, unsigned w,
                     unsigned h, unsigned max)
{
    uint32_t last = UINT32_MAX; /* no colour: those have 24 bits */
    for (unsigned y = 0; y < h; y++, bgrx += stride) {
        for (unsigned x = 0; x < w; x++) {
            uint32_t c = rfb_colour(bgrx + (size_t)x * 4);
            if (c == last)
                continue;
            if (!add(p, c, max))
                return false;
            last = c;
        }
    }
    return true;
}

unsigned rfb_palette_index(const struct rfb_palette *p, uint32_t colour)
{
    return p->slot[find(p, colour)] - 1u;
}

void rfb_palette_cut(struct rfb_palette *p, unsigned n)
{
    p->n = 0;
    memset(p->slot, 0, sizeof p->slot);
    for (unsigned i = 0; i < n; i++)
        (void)add(p, p->colour[i], 256); /* colour[i] is written over by itself */
}
