/* Records of the encrypted channel: type byte 0x10, AES-256-GCM ciphertext, tag. The counter is the nonce, so a
 * lost, repeated or reordered record fails. */
#ifndef BEISTAND_RECORD_H
#define BEISTAND_RECORD_H

#include "crypto.h"

enum { RECORD_PLAIN_MAX = 16384, RECORD_OVERHEAD = 1 + GCM_TAG_BYTES };

struct record_side {
    struct gcm *gcm;
    uint64_t counter;
};

/* 0, or -1. */
int record_init(struct record_side *s, const uint8_t key[KEY_BYTES]);
void record_cleanup(struct record_side *s);
/* out: n + RECORD_OVERHEAD bytes. 0, or -1 (too large, or the counter is used up: resume for fresh keys). */
int record_seal(struct record_side *s, const uint8_t *plain, size_t n, uint8_t *out);
/* message: the whole WebSocket message; out: n - RECORD_OVERHEAD bytes. The plaintext's size, or -1. */
int record_open(struct record_side *s, const uint8_t *message, size_t n, uint8_t *out);

#endif
