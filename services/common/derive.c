/* See derive.h. */
#include "derive.h"

#include "keyring.h"
#include "log.h"
#include "proto/c/crockford.h"
#include "random.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 512, ID_BYTES = 16, SECRET_BYTES = 32, LINK_BYTES = 10 };

struct secret_keys {
    struct keyring ring;
};

struct secret_keys *secret_keys_new(const char *text)
{
    struct secret_keys *k = calloc(1, sizeof *k);
    int n = k ? keyring_read(&k->ring, text) : -1;
    if (n > 0)
        return k;
    log_event(LOG_ERROR, n == 0 ? "secret_keys_missing" : "secret_keys_invalid", "expected", "lines kid:hex of 32 bytes, at most 4", NULL);
    secret_keys_free(k);
    return NULL;
}

void secret_keys_free(struct secret_keys *k)
{
    if (k)
        OPENSSL_cleanse(k, sizeof *k);
    free(k);
}

const char *secret_keys_current(const struct secret_keys *k)
{
    return k->ring.keys[0].kid;
}

/* HMAC over the parts joined by NUL bytes. */
static int derive(const struct secret_keys *k, const char *kid, const char *const *parts, uint8_t out[32])
{
    char message[MESSAGE_MAX];
    size_t n = 0;
    for (; *parts; parts++) {
        size_t size = strlen(*parts);
        if (n + size + 1 > sizeof message)
            return -1;
        memcpy(message + n, *parts, size);
        n += size;
        message[n++] = '\0';
    }
    const uint8_t *key = keyring_find(&k->ring, kid, strlen(kid));
    if (key)
        hmac_sha256(out, key, KEYRING_KEY_BYTES, message, n - 1);
    return key ? 0 : -1;
}

/* Bucket and as much of the MAC as fits, as one secret. */
static void put_secret(char out[SECRET_SIZE], int bucket, const uint8_t mac[32])
{
    uint8_t secret[SECRET_BYTES];
    secret[0] = (uint8_t)bucket;
    memcpy(secret + 1, mac, SECRET_BYTES - 1);
    crockford_encode(out, secret, SECRET_BYTES);
    OPENSSL_cleanse(secret, sizeof secret);
}

int derive_link_token(const struct secret_keys *k, const char *kid, const char *sid, unsigned generation,
                      char out[LINK_TOKEN_SIZE])
{
    uint8_t mac[32], token[LINK_BYTES];
    char number[16];
    int bucket = bucket_of_id(sid);
    snprintf(number, sizeof number, "%u", generation);
    const char *parts[] = {"link", sid, number, NULL};
    if (bucket < 0 || derive(k, kid, parts, mac) != 0)
        return -1;
    token[0] = (uint8_t)bucket;
    memcpy(token + 1, mac, LINK_BYTES - 1);
    link_token_encode(out, token);
    return 0;
}

int derive_code_prefix(const struct secret_keys *k, const char *kid, const char *sid, unsigned generation,
                       char out[CODE_PREFIX_SIZE])
{
    uint8_t mac[32];
    char number[16];
    snprintf(number, sizeof number, "%u", generation);
    const char *parts[] = {"code", sid, number, NULL};
    if (bucket_of_id(sid) < 0 || derive(k, kid, parts, mac) != 0)
        return -1;
    uint32_t value = (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
    snprintf(out, CODE_PREFIX_SIZE, "%04u", (unsigned)(value % 10000));
    return 0;
}

int derive_agent_token(const struct secret_keys *k, const char *kid, const char *sid, unsigned generation,
                       const char *idempotency_key, char out[SECRET_SIZE])
{
    uint8_t mac[32];
    char number[16];
    int bucket = bucket_of_id(sid);
    snprintf(number, sizeof number, "%u", generation);
    const char *parts[] = {"agent", sid, number, idempotency_key, NULL};
    if (bucket < 0 || !idempotency_key || derive(k, kid, parts, mac) != 0)
        return -1;
    put_secret(out, bucket, mac);
    return 0;
}

int derive_secret(const struct secret_keys *k, const char *kid, const char *purpose, int bucket,
                  const char *name, char out[SECRET_SIZE])
{
    uint8_t mac[32];
    const char *parts[] = {purpose, name, NULL};
    if (bucket < 0 || derive(k, kid, parts, mac) != 0)
        return -1;
    put_secret(out, bucket, mac);
    return 0;
}

void link_token_typed(char out[LINK_TYPED_SIZE], const char token[LINK_TOKEN_SIZE])
{
    snprintf(out, LINK_TYPED_SIZE, "%.6s-%.6s-%.6s", token, token + 6, token + 12);
}

static void new_text(char *out, int bucket, size_t bytes)
{
    uint8_t raw[SECRET_BYTES];
    random_fill(raw, bytes);
    raw[0] = (uint8_t)bucket;
    crockford_encode(out, raw, bytes);
    OPENSSL_cleanse(raw, sizeof raw);
}

void new_id(char out[ID_SIZE], int bucket)
{
    new_text(out, bucket, ID_BYTES);
}

void new_secret(char out[SECRET_SIZE], int bucket)
{
    new_text(out, bucket, SECRET_BYTES);
}

static int bucket_of(const char *text, size_t bytes)
{
    uint8_t raw[SECRET_BYTES];
    int bucket = crockford_decode(raw, bytes, text) == 0 && raw[0] < BUCKETS ? raw[0] : -1;
    OPENSSL_cleanse(raw, sizeof raw);
    return bucket;
}

int bucket_of_id(const char *id)
{
    return bucket_of(id, ID_BYTES);
}

int bucket_of_secret(const char *secret)
{
    return bucket_of(secret, SECRET_BYTES);
}

int bucket_of_digest(const char *hex)
{
    uint8_t first;
    char two[3] = {hex[0], hex[0] ? hex[1] : '\0', '\0'};
    return from_hex(&first, two, 1) == 0 ? first % BUCKETS : -1;
}

const char *bucket_key(char *out, size_t size, int bucket, const char *kind, const char *name)
{
    snprintf(out, size, "{s%02d}:%s:%s", bucket, kind, name);
    return out;
}
