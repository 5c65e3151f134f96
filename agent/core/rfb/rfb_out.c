/* The one growing buffer of the engine. It states its maximum when made and fails for good instead of
 * passing it, so that the encoders need one check per update and not one per byte. */
#include "rfb_internal.h"

#include <stdlib.h>

enum { KEEP = 128 * 1024 }; /* an empty buffer of up to so many bytes waits for its next use */

void rfb_out_init(struct rfb_out *o, size_t max)
{
    memset(o, 0, sizeof *o);
    o->max = max;
}

void rfb_out_cleanup(struct rfb_out *o)
{
    free(o->data);
    memset(o, 0, sizeof *o);
}

static void compact(struct rfb_out *o)
{
    if (o->start > 0) {
        memmove(o->data, o->data + o->start, o->size);
        o->start = 0;
    }
}

uint8_t *rfb_out_reserve(struct rfb_out *o, size_t n)
{
    if (o->failed)
        return NULL;
    if (n > o->max - o->size) {
        o->failed = o->overflow = true;
        return NULL;
    }
    if (o->cap - o->size < n || o->data == NULL) {
        size_t cap = o->cap * 2 > o->size + n ? o->cap * 2 : o->size + n + 256;
        if (cap > o->max)
            cap = o->max;
        compact(o);
        uint8_t *bigger = realloc(o->data, cap);
        if (bigger == NULL) {
            o->failed = true;
            return NULL;
        }
        o->data = bigger;
        o->cap = cap;
    } else if (o->cap - o->size - o->start < n) {
        compact(o);
    }
    return o->data + o->start + o->size;
}

void rfb_out_add(struct rfb_out *o, size_t n)
{
    o->size += n;
}

void rfb_out_put(struct rfb_out *o, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    uint8_t *to = rfb_out_reserve(o, n);
    if (to != NULL) {
        memcpy(to, bytes, n);
        o->size += n;
    }
}

void rfb_out_u8(struct rfb_out *o, uint8_t v)
{
    rfb_out_put(o, &v, 1);
}

void rfb_out_u16(struct rfb_out *o, uint16_t v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    rfb_out_put(o, b, sizeof b);
}

void rfb_out_u32(struct rfb_out *o, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    rfb_out_put(o, b, sizeof b);
}

void rfb_out_take(struct rfb_out *o, size_t n)
{
    if (n > o->size)
        n = o->size;
    o->start += n;
    o->size -= n;
    if (o->size > 0)
        return;
    o->start = 0;
    if (o->cap > KEEP) {
        free(o->data);
        o->data = NULL;
        o->cap = 0;
    }
}

void rfb_out_clear(struct rfb_out *o)
{
    o->start = o->size = 0;
    o->failed = o->overflow = false;
}
