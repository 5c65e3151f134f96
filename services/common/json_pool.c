/* See json_pool.h. Pieces by size in steps of 16 bytes; what is let go is kept for the next of that size, up to a limit. */
#include "json_pool.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>

enum { STEP = 16, SIZES = 20, KEPT_MAX = 1024 }; /* of each size; at most 3.5 MiB in all */

/* In front of each piece; as large as malloc aligns. */
union head {
    size_t size_class; /* SIZES: too large for the pool */
    union head *next;  /* while it is kept */
    max_align_t align;
};

static _Thread_local struct {
    union head *kept;
    size_t n;
} sizes[SIZES];

static void *pool_alloc(size_t size)
{
    size_t n = (size + STEP - 1) / STEP;
    union head *h;
    if (n >= SIZES) {
        n = SIZES;
        h = malloc(sizeof *h + size);
    } else if (sizes[n].kept) {
        h = sizes[n].kept;
        sizes[n].kept = h->next;
        sizes[n].n--;
    } else {
        h = malloc(sizeof *h + n * STEP);
    }
    if (!h)
        return NULL;
    h->size_class = n;
    return h + 1;
}

static void pool_free(void *piece)
{
    union head *h = piece ? (union head *)piece - 1 : NULL;
    size_t n = h ? h->size_class : SIZES;
    if (n >= SIZES || sizes[n].n >= KEPT_MAX) {
        free(h);
        return;
    }
    h->next = sizes[n].kept;
    sizes[n].kept = h;
    sizes[n].n++;
}

void json_pool_start(void)
{
#ifndef __SANITIZE_ADDRESS__ /* which is there to see each piece come and go */
    json_set_alloc_funcs(pool_alloc, pool_free);
#else
    (void)pool_alloc, (void)pool_free;
#endif
}
