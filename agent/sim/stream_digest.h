/* Counts and hashes (SHA-256) the bytes of one stream in both directions, so that two ends can be compared. */
#ifndef BEISTAND_SIM_STREAM_DIGEST_H
#define BEISTAND_SIM_STREAM_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STREAM_DIGEST_JSON = 256 };

struct stream_digest {
    EVP_MD_CTX *hash[2]; /* received, sent */
    uint64_t n[2];
};

/* Starts both directions at 0; also over one that was in use. */
void stream_digest_start(struct stream_digest *d);
void stream_digest_add(struct stream_digest *d, bool sent, const void *data, size_t n);
/* {"event":"stream","received":N,"received_sha256":"…","sent":N,"sent_sha256":"…"} of what was added so far. */
void stream_digest_json(const struct stream_digest *d, char out[STREAM_DIGEST_JSON]);
void stream_digest_free(struct stream_digest *d);

#endif
