/* How viewer and program meet (proto/channel.md section 3): sans-I/O, one WebSocket message in, at most one out.
 * Both roles are here so that program, simulator and CLI share them. */
#ifndef BEISTAND_HANDSHAKE_H
#define BEISTAND_HANDSHAKE_H

#include "cpace.h"
#include "crypto.h"

enum handshake_mode { MODE_PAIR = 1, MODE_CONNECT = 2, MODE_RESUME = 3 };
enum handshake_type { HS_HELLO = 1, HS_HELLO_ACK, HS_CPACE_A, HS_CPACE_B, HS_TAG_V, HS_TAG_P, HS_REFUSE, HS_RECORD = 0x10 };
enum {
    NONCE_BYTES = 16,
    SALT_BYTES = 16,
    RESUME_ID_BYTES = 16,
    HANDSHAKE_MESSAGE_MAX = 128,
    REASON_MAX = 64,
    ITERATIONS_MIN = 100000,
    ITERATIONS_MAX = 10000000, /* more would only keep the viewer busy */
    ITERATIONS = 600000,
};

/* What a finished handshake leaves. send and receive are this end's directions. Wipe after use. */
struct handshake_keys {
    uint8_t send[KEY_BYTES], receive[KEY_BYTES], psk[KEY_BYTES], resume_id[RESUME_ID_BYTES];
};

/* What the program needs to answer a hello. prs: the 8 digits (pair) or the PBKDF2 value (connect); psk for a
 * resume. */
struct handshake_secret {
    uint8_t prs[KEY_BYTES];
    size_t prs_size;
    uint8_t salt[SALT_BYTES];
    uint32_t iterations;
    uint8_t psk[KEY_BYTES];
};

/* The program's side of the house. */
struct handshake_hooks {
    void *user;
    /* NULL and *out filled, or the reason of the refusal (static text) and *retry_ms. resume_id is NULL unless
     * mode is MODE_RESUME. */
    const char *(*begin)(void *user, enum handshake_mode mode, const uint8_t *resume_id,
                         struct handshake_secret *out, uint32_t *retry_ms);
    /* Persists one try before the viewer's tag is judged. false: it could not be persisted, so no answer. */
    bool (*count_try)(void *user, enum handshake_mode mode);
    /* The try was right (it is given back) or wrong. Returns the delay to tell the viewer, in ms. */
    uint32_t (*judged)(void *user, enum handshake_mode mode, bool right);
};

/* The viewer's. */
struct handshake_viewer_hooks {
    void *user;
    /* The PBKDF2 value for the program's salt and cost (MODE_CONNECT). 0, or -1. */
    int (*stretch)(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES]);
    /* Persists a try before tag_v is sent (MODE_PAIR). */
    bool (*count_try)(void *user);
};

enum handshake_result { HANDSHAKE_MORE, HANDSHAKE_DONE, HANDSHAKE_REFUSED, HANDSHAKE_FAILED };

struct handshake {
    bool viewer;
    enum handshake_mode mode;
    uint8_t expected; /* type of the next message */
    char sid[32], conn_id[32];
    uint8_t claims_digest[SHA256_BYTES];
    uint8_t ctx[SHA256_BYTES];
    uint8_t nonce_v[NONCE_BYTES], nonce_p[NONCE_BYTES], resume_id[RESUME_ID_BYTES];
    uint8_t x_secret[X25519_BYTES], x_peer[X25519_BYTES], x_public[X25519_BYTES];
    struct handshake_secret secret;
    uint8_t scalar[CPACE_SCALAR_BYTES], ya[CPACE_POINT_BYTES], yb[CPACE_POINT_BYTES];
    uint8_t prk[SHA256_BYTES];
    uint8_t transcript[4 * HANDSHAKE_MESSAGE_MAX];
    size_t transcript_size;
    struct handshake_hooks hooks;
    struct handshake_viewer_hooks viewer_hooks;
    /* One message to send after a call, when out_size > 0. */
    uint8_t out[HANDSHAKE_MESSAGE_MAX];
    size_t out_size;
    /* After HANDSHAKE_REFUSED (viewer: the program's; program: what it told). */
    char reason[REASON_MAX + 1];
    uint32_t retry_ms;
};

/* claims: the b64u text both ends have of the offer. */
void handshake_program(struct handshake *h, const char *sid, const char *conn_id, const char *claims,
                       const struct handshake_hooks *hooks);
/* prs: the eight digits (MODE_PAIR); psk and resume_id (MODE_RESUME); else NULL. The hello is in h->out. */
void handshake_viewer(struct handshake *h, enum handshake_mode mode, const char *sid, const char *conn_id,
                      const char *claims, const char *digits, const uint8_t *psk, const uint8_t *resume_id,
                      const struct handshake_viewer_hooks *hooks);
/* One message. On HANDSHAKE_DONE keys is filled (and h->out may hold the last message to send). */
enum handshake_result handshake_receive(struct handshake *h, const uint8_t *message, size_t n,
                                        struct handshake_keys *keys);
void handshake_cleanup(struct handshake *h);

#endif
