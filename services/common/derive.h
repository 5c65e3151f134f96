/* Identifiers and derived secrets (proto/channel.md section 1). Link token, the server's code digits and
 * the program's token are HMACs of a key from SECRET_KEYS_FILE: nothing but the key's id is stored. */
#ifndef BEISTAND_DERIVE_H
#define BEISTAND_DERIVE_H

#include <stddef.h>

enum {
    ID_SIZE = 27,         /* with NUL */
    SECRET_SIZE = 53,     /* with NUL */
    LINK_TOKEN_SIZE = 19, /* 16 + 2 check characters + NUL */
    LINK_TYPED_SIZE = 21, /* XXXXXX-XXXXXX-XXXXXX + NUL */
    CODE_PREFIX_SIZE = 5,
    BUCKETS = 64,
};

struct secret_keys;

/* text: lines `kid:hex32` (64 hexadecimal digits), the first is current, at most 4. NULL after one clear
 * line in the log. */
struct secret_keys *secret_keys_new(const char *text);
void secret_keys_free(struct secret_keys *k);
const char *secret_keys_current(const struct secret_keys *k);

/* Each: 0, or -1 when the kid is unknown or sid is no id. */
int derive_link_token(const struct secret_keys *k, const char *kid, const char *sid,
                      unsigned generation, char out[LINK_TOKEN_SIZE]);
int derive_code_prefix(const struct secret_keys *k, const char *kid, const char *sid,
                       unsigned generation, char out[CODE_PREFIX_SIZE]);
int derive_agent_token(const struct secret_keys *k, const char *kid, const char *sid,
                       unsigned generation, const char *idempotency_key, char out[SECRET_SIZE]);

/* A secret that can be made again instead of being stored: bucket + HMAC over purpose and name. */
int derive_secret(const struct secret_keys *k, const char *kid, const char *purpose, int bucket,
                  const char *name, char out[SECRET_SIZE]);

/* XXXXXX-XXXXXX-XXXXXX of a link token. */
void link_token_typed(char out[LINK_TYPED_SIZE], const char token[LINK_TOKEN_SIZE]);

void new_id(char out[ID_SIZE], int bucket);
void new_secret(char out[SECRET_SIZE], int bucket);
/* 0..63, or -1 when text is no id (secret) of exactly that form. */
int bucket_of_id(const char *id);
int bucket_of_secret(const char *secret);
/* Bucket of a SHA-256 hex digest (directory look-ups by e-mail). */
int bucket_of_digest(const char *hex);
/* "{sNN}:kind:name" into out. Returns out. */
const char *bucket_key(char *out, size_t size, int bucket, const char *kind, const char *name);

#endif
