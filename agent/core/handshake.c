/* See handshake.h. Every message has one exact size; anything else fails the handshake. */
#include "handshake.h"

#include <stdio.h>
#include <string.h>

enum {
    VERSION = 1,
    HELLO_SIZE = 1 + 2 + NONCE_BYTES,
    HELLO_RESUME_SIZE = HELLO_SIZE + RESUME_ID_BYTES + X25519_BYTES,
    ACK_SIZE = 1 + 2 + NONCE_BYTES + SALT_BYTES + 4,
    ACK_RESUME_SIZE = ACK_SIZE + X25519_BYTES,
    POINT_SIZE = 1 + CPACE_POINT_BYTES,
    TAG_SIZE = 1 + SHA256_BYTES,
    REFUSE_MIN = 1 + 4,
};

/* lv("viewer") ‖ lv("program") */
static const uint8_t channel_identifier[] = "\x06viewer\x07program";

static void note(struct handshake *h, const uint8_t *message, size_t n)
{
    if (h->transcript_size + n <= sizeof h->transcript) {
        memcpy(h->transcript + h->transcript_size, message, n);
        h->transcript_size += n;
    }
}

static uint8_t *begin_out(struct handshake *h, uint8_t type)
{
    h->out[0] = type;
    return h->out + 1;
}

static void end_out(struct handshake *h, const uint8_t *end, bool in_transcript)
{
    h->out_size = (size_t)(end - h->out);
    if (in_transcript)
        note(h, h->out, h->out_size);
}

static uint8_t *put(uint8_t *at, const void *data, size_t n)
{
    memcpy(at, data, n);
    return at + n;
}

static void put_u32(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 24);
    at[1] = (uint8_t)(v >> 16);
    at[2] = (uint8_t)(v >> 8);
    at[3] = (uint8_t)v;
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void make_context(struct handshake *h)
{
    uint8_t mode = (uint8_t)h->mode;
    /* sizeof: the label and the texts end with the NUL that separates them. */
    static const char label[] = "beistand cpace v1";
    const struct sha256_part parts[] = {{label, sizeof label},
                                        {h->sid, strlen(h->sid) + 1},
                                        {h->conn_id, strlen(h->conn_id) + 1},
                                        {&mode, 1},
                                        {h->nonce_v, NONCE_BYTES},
                                        {h->nonce_p, NONCE_BYTES},
                                        {h->claims_digest, SHA256_BYTES}};
    crypto_sha256(h->ctx, parts, sizeof parts / sizeof *parts);
}

static struct cpace_input cpace_in(const struct handshake *h)
{
    return (struct cpace_input){.prs = h->secret.prs,
                                .prs_size = h->secret.prs_size,
                                .ci = channel_identifier,
                                .ci_size = sizeof channel_identifier - 1,
                                .sid = h->ctx,
                                .sid_size = sizeof h->ctx};
}

static void extract(struct handshake *h, const uint8_t *ikm, size_t n)
{
    crypto_hmac(h->prk, h->ctx, sizeof h->ctx, ikm, n);
}

static int extract_cpace(struct handshake *h)
{
    uint8_t isk[CPACE_ISK_BYTES];
    struct cpace_input in = cpace_in(h);
    if (cpace_finish(&in, h->scalar, h->viewer ? h->yb : h->ya, h->ya, "viewer", h->yb, "program", isk) != 0)
        return -1;
    extract(h, isk, sizeof isk);
    crypto_wipe(isk, sizeof isk);
    return 0;
}

static int extract_resume(struct handshake *h)
{
    uint8_t ikm[KEY_BYTES + X25519_BYTES];
    memcpy(ikm, h->secret.psk, KEY_BYTES);
    int status = x25519_shared(ikm + KEY_BYTES, h->x_secret, h->x_peer);
    extract(h, ikm, sizeof ikm);
    crypto_wipe(ikm, sizeof ikm);
    return status;
}

static void make_tag(const struct handshake *h, const char *label, uint8_t out[SHA256_BYTES])
{
    uint8_t key[KEY_BYTES], digest[SHA256_BYTES];
    const struct sha256_part all = {h->transcript, h->transcript_size};
    crypto_expand(key, h->prk, label);
    crypto_sha256(digest, &all, 1);
    crypto_hmac(out, key, sizeof key, digest, sizeof digest);
    crypto_wipe(key, sizeof key);
}

static void make_keys(const struct handshake *h, struct handshake_keys *keys)
{
    uint8_t id[KEY_BYTES];
    crypto_expand(h->viewer ? keys->send : keys->receive, h->prk, "key viewer");
    crypto_expand(h->viewer ? keys->receive : keys->send, h->prk, "key program");
    crypto_expand(keys->psk, h->prk, "resume psk");
    crypto_expand(id, h->prk, "resume id");
    memcpy(keys->resume_id, id, RESUME_ID_BYTES);
}

static void send_tag(struct handshake *h, uint8_t type, const char *label)
{
    uint8_t *at = begin_out(h, type);
    make_tag(h, label, at);
    end_out(h, at + SHA256_BYTES, false);
}

static bool tag_holds(const struct handshake *h, const uint8_t *message, const char *label)
{
    uint8_t tag[SHA256_BYTES];
    make_tag(h, label, tag);
    return crypto_equal(tag, message + 1, SHA256_BYTES);
}

static void start(struct handshake *h, const char *sid, const char *conn_id, const char *claims)
{
    const struct sha256_part text = {claims, strlen(claims)};
    memset(h, 0, sizeof *h);
    snprintf(h->sid, sizeof h->sid, "%s", sid);
    snprintf(h->conn_id, sizeof h->conn_id, "%s", conn_id);
    crypto_sha256(h->claims_digest, &text, 1);
}

/* ---- the program ---- */

void handshake_program(struct handshake *h, const char *sid, const char *conn_id, const char *claims,
                       const struct handshake_hooks *hooks)
{
    start(h, sid, conn_id, claims);
    h->hooks = *hooks;
    h->expected = HS_HELLO;
}

static enum handshake_result refuse(struct handshake *h, const char *reason, uint32_t retry_ms)
{
    uint8_t *at = begin_out(h, HS_REFUSE);
    snprintf(h->reason, sizeof h->reason, "%s", reason);
    h->retry_ms = retry_ms;
    put_u32(at, retry_ms);
    at = put(at + 4, h->reason, strlen(h->reason));
    end_out(h, at, false);
    return HANDSHAKE_REFUSED;
}

static enum handshake_result on_hello(struct handshake *h, const uint8_t *m, size_t n)
{
    if (n < HELLO_SIZE || m[1] != VERSION || m[2] < MODE_PAIR || m[2] > MODE_RESUME ||
        n != (m[2] == MODE_RESUME ? HELLO_RESUME_SIZE : HELLO_SIZE))
        return HANDSHAKE_FAILED;
    uint32_t retry_ms = 0;
    h->mode = m[2];
    memcpy(h->nonce_v, m + 3, NONCE_BYTES);
    if (h->mode == MODE_RESUME) {
        memcpy(h->resume_id, m + HELLO_SIZE, RESUME_ID_BYTES);
        memcpy(h->x_peer, m + HELLO_SIZE + RESUME_ID_BYTES, X25519_BYTES);
    }
    const char *reason = h->hooks.begin(h->hooks.user, h->mode, h->mode == MODE_RESUME ? h->resume_id : NULL,
                                        &h->secret, &retry_ms);
    if (reason)
        return refuse(h, reason, retry_ms);
    note(h, m, n);
    crypto_random(h->nonce_p, NONCE_BYTES);
    make_context(h);
    uint8_t *at = begin_out(h, HS_HELLO_ACK);
    *at++ = VERSION;
    *at++ = (uint8_t)h->mode;
    at = put(at, h->nonce_p, NONCE_BYTES);
    at = put(at, h->secret.salt, SALT_BYTES);
    put_u32(at, h->mode == MODE_CONNECT ? h->secret.iterations : 0);
    at += 4;
    if (h->mode == MODE_RESUME) {
        x25519_keypair(h->x_public, h->x_secret);
        at = put(at, h->x_public, X25519_BYTES);
        if (extract_resume(h) != 0)
            return HANDSHAKE_FAILED;
    }
    end_out(h, at, true);
    h->expected = h->mode == MODE_RESUME ? HS_TAG_V : HS_CPACE_A;
    return HANDSHAKE_MORE;
}

static enum handshake_result on_cpace_a(struct handshake *h, const uint8_t *m, size_t n)
{
    if (n != POINT_SIZE)
        return HANDSHAKE_FAILED;
    struct cpace_input in = cpace_in(h);
    note(h, m, n);
    memcpy(h->ya, m + 1, CPACE_POINT_BYTES);
    if (cpace_start(&in, h->scalar, h->yb) != 0 || extract_cpace(h) != 0)
        return HANDSHAKE_FAILED;
    uint8_t *at = put(begin_out(h, HS_CPACE_B), h->yb, CPACE_POINT_BYTES);
    end_out(h, at, true);
    h->expected = HS_TAG_V;
    return HANDSHAKE_MORE;
}

static enum handshake_result on_tag_v(struct handshake *h, const uint8_t *m, size_t n, struct handshake_keys *keys)
{
    if (n != TAG_SIZE || !h->hooks.count_try(h->hooks.user, h->mode))
        return HANDSHAKE_FAILED;
    bool right = tag_holds(h, m, "tag viewer");
    uint32_t retry_ms = h->hooks.judged(h->hooks.user, h->mode, right);
    if (!right)
        return refuse(h,
                      h->mode == MODE_PAIR      ? "code_invalid"
                      : h->mode == MODE_CONNECT ? "password_wrong"
                                                : "ticket_invalid",
                      retry_ms);
    send_tag(h, HS_TAG_P, "tag program");
    make_keys(h, keys);
    return HANDSHAKE_DONE;
}

/* ---- the viewer ---- */

void handshake_viewer(struct handshake *h, enum handshake_mode mode, const char *sid, const char *conn_id,
                      const char *claims, const char *digits, const uint8_t *psk, const uint8_t *resume_id,
                      const struct handshake_viewer_hooks *hooks)
{
    start(h, sid, conn_id, claims);
    h->viewer = true;
    h->mode = mode;
    h->viewer_hooks = *hooks;
    crypto_random(h->nonce_v, NONCE_BYTES);
    uint8_t *at = begin_out(h, HS_HELLO);
    *at++ = VERSION;
    *at++ = (uint8_t)mode;
    at = put(at, h->nonce_v, NONCE_BYTES);
    if (mode == MODE_PAIR) {
        h->secret.prs_size = strnlen(digits, KEY_BYTES);
        memcpy(h->secret.prs, digits, h->secret.prs_size);
    } else if (mode == MODE_RESUME) {
        memcpy(h->secret.psk, psk, KEY_BYTES);
        x25519_keypair(h->x_public, h->x_secret);
        at = put(put(at, resume_id, RESUME_ID_BYTES), h->x_public, X25519_BYTES);
    }
    end_out(h, at, true);
    h->expected = HS_HELLO_ACK;
}

static enum handshake_result on_hello_ack(struct handshake *h, const uint8_t *m, size_t n)
{
    if (n != (h->mode == MODE_RESUME ? ACK_RESUME_SIZE : ACK_SIZE) || m[1] != VERSION || m[2] != h->mode)
        return HANDSHAKE_FAILED;
    note(h, m, n);
    memcpy(h->nonce_p, m + 3, NONCE_BYTES);
    make_context(h);
    if (h->mode == MODE_RESUME) {
        memcpy(h->x_peer, m + ACK_SIZE, X25519_BYTES);
        if (extract_resume(h) != 0)
            return HANDSHAKE_FAILED;
        send_tag(h, HS_TAG_V, "tag viewer");
        h->expected = HS_TAG_P;
        return HANDSHAKE_MORE;
    }
    if (h->mode == MODE_CONNECT) {
        uint32_t iterations = get_u32(m + 3 + NONCE_BYTES + SALT_BYTES);
        h->secret.prs_size = KEY_BYTES;
        if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX ||
            h->viewer_hooks.stretch(h->viewer_hooks.user, m + 3 + NONCE_BYTES, iterations, h->secret.prs) != 0)
            return HANDSHAKE_FAILED;
    }
    struct cpace_input in = cpace_in(h);
    if (cpace_start(&in, h->scalar, h->ya) != 0)
        return HANDSHAKE_FAILED;
    end_out(h, put(begin_out(h, HS_CPACE_A), h->ya, CPACE_POINT_BYTES), true);
    h->expected = HS_CPACE_B;
    return HANDSHAKE_MORE;
}

static enum handshake_result on_cpace_b(struct handshake *h, const uint8_t *m, size_t n)
{
    if (n != POINT_SIZE)
        return HANDSHAKE_FAILED;
    note(h, m, n);
    memcpy(h->yb, m + 1, CPACE_POINT_BYTES);
    if (extract_cpace(h) != 0 ||
        (h->mode == MODE_PAIR && h->viewer_hooks.count_try && !h->viewer_hooks.count_try(h->viewer_hooks.user)))
        return HANDSHAKE_FAILED;
    send_tag(h, HS_TAG_V, "tag viewer");
    h->expected = HS_TAG_P;
    return HANDSHAKE_MORE;
}

static enum handshake_result on_tag_p(struct handshake *h, const uint8_t *m, size_t n, struct handshake_keys *keys)
{
    if (n != TAG_SIZE || !tag_holds(h, m, "tag program"))
        return HANDSHAKE_FAILED;
    make_keys(h, keys);
    return HANDSHAKE_DONE;
}

/* Reasons are shown and logged: a reason code and nothing else (SPEC 3). */
static bool is_reason(const uint8_t *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != '_' && (text[i] < 'a' || text[i] > 'z'))
            return false;
    return n <= REASON_MAX;
}

static enum handshake_result on_refuse(struct handshake *h, const uint8_t *m, size_t n)
{
    if (n < REFUSE_MIN || !is_reason(m + REFUSE_MIN, n - REFUSE_MIN))
        return HANDSHAKE_FAILED;
    size_t size = n - REFUSE_MIN;
    h->retry_ms = get_u32(m + 1);
    memcpy(h->reason, m + REFUSE_MIN, size);
    h->reason[size] = '\0';
    return HANDSHAKE_REFUSED;
}

enum handshake_result handshake_receive(struct handshake *h, const uint8_t *message, size_t n,
                                        struct handshake_keys *keys)
{
    h->out_size = 0;
    if (n == 0 || n > HANDSHAKE_MESSAGE_MAX)
        return HANDSHAKE_FAILED;
    if (h->viewer && message[0] == HS_REFUSE)
        return on_refuse(h, message, n);
    if (message[0] != h->expected)
        return HANDSHAKE_FAILED;
    switch (message[0]) {
    case HS_HELLO: return on_hello(h, message, n);
    case HS_HELLO_ACK: return on_hello_ack(h, message, n);
    case HS_CPACE_A: return on_cpace_a(h, message, n);
    case HS_CPACE_B: return on_cpace_b(h, message, n);
    case HS_TAG_V: return on_tag_v(h, message, n, keys);
    case HS_TAG_P: return on_tag_p(h, message, n, keys);
    default: return HANDSHAKE_FAILED;
    }
}

void handshake_cleanup(struct handshake *h)
{
    crypto_wipe(h, sizeof *h);
}
