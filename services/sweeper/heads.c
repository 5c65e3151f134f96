/* Where the companies' audit logs end, from the batch before: who holds a bucket's lease is their only writer, so most
 * batches need not ask. What was wrong all the same (another holder, another Redis) is refused by sweep_trim.lua, which
 * compares the heads; then they are read. */
#include "sweeper.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { HEADS_MAX = 64 }; /* of a bucket */

struct known_head {
    char company[ID_SIZE];
    struct audit_head head;
    UT_hash_handle hh;
};

void heads_forget(struct bucket *b)
{
    struct known_head *h, *next;
    HASH_ITER(hh, b->heads, h, next) {
        HASH_DEL(b->heads, h);
        free(h);
    }
}

/* Under a lease or a connection that has changed meanwhile, anybody may have written. */
static void refresh(struct bucket *b)
{
    unsigned connection = redis_connections(b->sweeper->redis);
    if (b->heads_epoch != b->epoch || b->heads_connection != connection)
        heads_forget(b);
    b->heads_epoch = b->epoch;
    b->heads_connection = connection;
}

bool heads_find(struct bucket *b, struct chain *c)
{
    struct known_head *h = NULL;
    refresh(b);
    HASH_FIND_STR(b->heads, c->company, h);
    if (h)
        c->head = h->head;
    return h != NULL;
}

void heads_keep(struct bucket *b)
{
    refresh(b);
    for (size_t i = 0; i < b->batch->n_chains; i++) {
        const struct chain *c = &b->batch->chains[i];
        struct known_head *h = NULL;
        HASH_FIND_STR(b->heads, c->company, h);
        if (!h && HASH_COUNT(b->heads) >= HEADS_MAX)
            heads_forget(b);
        if (!h && (h = calloc(1, sizeof *h))) {
            memcpy(h->company, c->company, sizeof h->company);
            HASH_ADD_STR(b->heads, company, h);
        }
        if (h)
            h->head = c->head;
    }
}
