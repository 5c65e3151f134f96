/* See stream_digest.h. */
#include "stream_digest.h"

#include <stdio.h>
#include <stdlib.h>

void stream_digest_start(struct stream_digest *d)
{
    for (int i = 0; i < 2; i++) {
        if (!d->hash[i] && !(d->hash[i] = EVP_MD_CTX_new()))
            abort();
        EVP_DigestInit_ex(d->hash[i], EVP_sha256(), NULL);
        d->n[i] = 0;
    }
}

void stream_digest_add(struct stream_digest *d, bool sent, const void *data, size_t n)
{
    EVP_DigestUpdate(d->hash[sent], data, n);
    d->n[sent] += n;
}

/* The hash goes on afterwards, so a copy of it is ended. */
static void hex_of(const EVP_MD_CTX *hash, char out[65])
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    if (copy && EVP_MD_CTX_copy_ex(copy, hash) == 1)
        EVP_DigestFinal_ex(copy, digest, NULL);
    EVP_MD_CTX_free(copy);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void stream_digest_json(const struct stream_digest *d, char out[STREAM_DIGEST_JSON])
{
    char received[65] = "", sent[65] = "";
    if (d->hash[0]) {
        hex_of(d->hash[0], received);
        hex_of(d->hash[1], sent);
    }
    snprintf(out, STREAM_DIGEST_JSON,
             "{\"event\":\"stream\",\"received\":%llu,\"received_sha256\":\"%s\",\"sent\":%llu,\"sent_sha256\":\"%s\"}",
             (unsigned long long)d->n[0], received, (unsigned long long)d->n[1], sent);
}

void stream_digest_free(struct stream_digest *d)
{
    EVP_MD_CTX_free(d->hash[0]);
    EVP_MD_CTX_free(d->hash[1]);
    d->hash[0] = d->hash[1] = NULL;
}
