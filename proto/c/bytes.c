/* See bytes.h. */
#include "bytes.h"

#include <string.h>

void bytes_read_init(struct byte_reader *r, const void *data, size_t n)
{
    *r = (struct byte_reader){.at = data, .left = n};
}

const uint8_t *bytes_take(struct byte_reader *r, size_t n)
{
    if (r->failed || n > r->left) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *taken = r->at;
    r->at += n;
    r->left -= n;
    return taken;
}

bool bytes_copy(struct byte_reader *r, void *out, size_t n)
{
    const uint8_t *taken = bytes_take(r, n);
    if (taken && n > 0)
        memcpy(out, taken, n);
    return taken != NULL;
}

static uint64_t read_integer(struct byte_reader *r, size_t n)
{
    const uint8_t *at = bytes_take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; at && i < n; i++)
        v = v << 8 | at[i];
    return v;
}

uint8_t bytes_u8(struct byte_reader *r)
{
    return (uint8_t)read_integer(r, 1);
}

uint16_t bytes_u16(struct byte_reader *r)
{
    return (uint16_t)read_integer(r, 2);
}

uint32_t bytes_u32(struct byte_reader *r)
{
    return (uint32_t)read_integer(r, 4);
}

uint64_t bytes_u64(struct byte_reader *r)
{
    return read_integer(r, 8);
}

bool bytes_finished(const struct byte_reader *r)
{
    return !r->failed && r->left == 0;
}

void bytes_write_init(struct byte_writer *w, void *out, size_t size)
{
    *w = (struct byte_writer){.start = out, .size = size};
}

uint8_t *bytes_reserve(struct byte_writer *w, size_t n)
{
    if (w->failed || n > w->size - w->n) {
        w->failed = true;
        return NULL;
    }
    uint8_t *at = w->start + w->n;
    w->n += n;
    return at;
}

bool bytes_put(struct byte_writer *w, const void *data, size_t n)
{
    uint8_t *at = bytes_reserve(w, n);
    if (at && n > 0)
        memcpy(at, data, n);
    return at != NULL;
}

static bool put_integer(struct byte_writer *w, uint64_t v, size_t n)
{
    uint8_t *at = bytes_reserve(w, n);
    for (size_t i = 0; at && i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    return at != NULL;
}

bool bytes_put_u8(struct byte_writer *w, uint8_t v)
{
    return put_integer(w, v, 1);
}

bool bytes_put_u16(struct byte_writer *w, uint16_t v)
{
    return put_integer(w, v, 2);
}

bool bytes_put_u32(struct byte_writer *w, uint32_t v)
{
    return put_integer(w, v, 4);
}

bool bytes_put_u64(struct byte_writer *w, uint64_t v)
{
    return put_integer(w, v, 8);
}
