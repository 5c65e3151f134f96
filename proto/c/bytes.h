/* Bounded cursors for wire formats. A reader knows what is left and never looks past it; a writer knows its room
 * and never writes past it. Both fail once and for good: after the first failed call every further one fails too,
 * so a decoder may read all its fields and ask once at the end. Integers are big-endian. No allocation, no I/O. */
#ifndef BEISTAND_BYTES_H
#define BEISTAND_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_reader {
    const uint8_t *at; /* borrowed */
    size_t left;
    bool failed;
};

void bytes_read_init(struct byte_reader *r, const void *data, size_t n);
/* The next n bytes, borrowed from the input, or NULL when fewer are left. n may be 0. */
const uint8_t *bytes_take(struct byte_reader *r, size_t n);
/* Copies the next n bytes. false: out is untouched. */
bool bytes_copy(struct byte_reader *r, void *out, size_t n);
/* 0 when fewer bytes are left (and failed is set). */
uint8_t bytes_u8(struct byte_reader *r);
uint16_t bytes_u16(struct byte_reader *r);
uint32_t bytes_u32(struct byte_reader *r);
uint64_t bytes_u64(struct byte_reader *r);
/* Everything was read and nothing failed: the message had exactly this size. */
bool bytes_finished(const struct byte_reader *r);

struct byte_writer {
    uint8_t *start; /* borrowed */
    size_t n, size; /* written, room for all */
    bool failed;
};

void bytes_write_init(struct byte_writer *w, void *out, size_t size);
/* Room for n bytes that the caller fills, or NULL when there is not so much. */
uint8_t *bytes_reserve(struct byte_writer *w, size_t n);
/* false when there is no room: nothing of it is written. */
bool bytes_put(struct byte_writer *w, const void *data, size_t n);
bool bytes_put_u8(struct byte_writer *w, uint8_t v);
bool bytes_put_u16(struct byte_writer *w, uint16_t v);
bool bytes_put_u32(struct byte_writer *w, uint32_t v);
bool bytes_put_u64(struct byte_writer *w, uint64_t v);

#endif
