/* One fuzzer per decoder. Each is linked twice: with libFuzzer (make fuzz), and with replay.c, which feeds it files
 * (the seeds of proto/vectors and what was found once, in every `make test`). */
#ifndef BEISTAND_FUZZ_H
#define BEISTAND_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What must hold for every input; a failure is a finding. */
#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

/* The next byte of the input, 0 at its end: decides what is done with the rest. */
static inline uint8_t take_byte(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}

/* The next part: one byte that counts its bytes (255: all that are left), then these. */
static inline size_t take_part(const uint8_t **data, size_t *size, const uint8_t **part)
{
    size_t n = take_byte(data, size);
    n = n < 255 && n < *size ? n : *size;
    *part = *data;
    *data += n;
    *size -= n;
    return n;
}

/* A copy of exactly its size, so that the sanitizer sees each byte too many. Free it. */
static inline uint8_t *copy_bytes(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    HOLDS(copy);
    memcpy(copy, data, n);
    return copy;
}

/* The same with a NUL behind it. */
static inline char *copy_text(const uint8_t *data, size_t n)
{
    char *copy = malloc(n + 1);
    HOLDS(copy);
    memcpy(copy, data, n);
    copy[n] = '\0';
    return copy;
}

#endif
