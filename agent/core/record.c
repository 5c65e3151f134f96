/* See record.h. */
#include "record.h"

#include "handshake.h"

#include <string.h>

static const uint8_t aad = HS_RECORD;
#define COUNTER_MAX ((uint64_t)1 << 32)

int record_init(struct record_side *s, const uint8_t key[KEY_BYTES])
{
    *s = (struct record_side){.gcm = gcm_new(key)};
    return s->gcm ? 0 : -1;
}

void record_cleanup(struct record_side *s)
{
    gcm_free(s->gcm);
    *s = (struct record_side){0};
}

static bool next_nonce(struct record_side *s, uint8_t nonce[GCM_NONCE_BYTES])
{
    if (s->counter >= COUNTER_MAX)
        return false;
    memset(nonce, 0, GCM_NONCE_BYTES);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(s->counter >> (56 - 8 * i));
    s->counter++;
    return true;
}

int record_seal(struct record_side *s, const uint8_t *plain, size_t n, uint8_t *out)
{
    uint8_t nonce[GCM_NONCE_BYTES];
    if (n > RECORD_PLAIN_MAX || !next_nonce(s, nonce))
        return -1;
    out[0] = HS_RECORD;
    return gcm_seal(s->gcm, nonce, &aad, 1, plain, n, out + 1);
}

int record_open(struct record_side *s, const uint8_t *message, size_t n, uint8_t *out)
{
    uint8_t nonce[GCM_NONCE_BYTES];
    if (n < RECORD_OVERHEAD || n > RECORD_PLAIN_MAX + RECORD_OVERHEAD || message[0] != HS_RECORD ||
        !next_nonce(s, nonce) || gcm_open(s->gcm, nonce, &aad, 1, message + 1, n - 1, out) != 0)
        return -1;
    return (int)(n - RECORD_OVERHEAD);
}

