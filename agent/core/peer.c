/* See peer.h. */
#include "peer.h"

#include <string.h>

static void over(struct peer *p, const char *reason, uint32_t retry_ms)
{
    if (p->state == PEER_OVER)
        return;
    p->state = PEER_OVER;
    p->hooks.over(p->hooks.user, reason, retry_ms);
}

static void send_handshake(struct peer *p)
{
    if (p->handshake.out_size > 0)
        p->hooks.send(p->hooks.user, p->handshake.out, p->handshake.out_size);
    p->handshake.out_size = 0;
}

void peer_start(struct peer *p, struct mux *mux, const struct peer_hooks *hooks)
{
    p->state = PEER_HANDSHAKE;
    p->hooks = *hooks;
    p->mux = mux;
    p->sending = p->receiving = (struct record_side){0};
    send_handshake(p);
}

static void opened(struct peer *p, struct handshake_keys *keys)
{
    if (record_init(&p->sending, keys->send) != 0 || record_init(&p->receiving, keys->receive) != 0) {
        over(p, NULL, 0);
        return;
    }
    p->state = PEER_OPEN;
    if (p->handshake.mode == MODE_RESUME)
        mux_resume(p->mux);
    p->hooks.open(p->hooks.user, p->handshake.mode, keys);
    peer_flush(p);
}

static void on_handshake(struct peer *p, const uint8_t *message, size_t n)
{
    struct handshake_keys keys;
    enum handshake_result result = handshake_receive(&p->handshake, message, n, &keys);
    send_handshake(p);
    if (result == HANDSHAKE_DONE)
        opened(p, &keys);
    else if (result == HANDSHAKE_REFUSED)
        over(p, p->handshake.reason, p->handshake.retry_ms);
    else if (result == HANDSHAKE_FAILED)
        over(p, NULL, 0);
    crypto_wipe(&keys, sizeof keys);
}

void peer_receive(struct peer *p, const uint8_t *message, size_t n)
{
    uint8_t plain[RECORD_PLAIN_MAX];
    if (p->state == PEER_HANDSHAKE) {
        on_handshake(p, message, n);
        return;
    }
    if (p->state != PEER_OPEN)
        return;
    int size = record_open(&p->receiving, message, n, plain);
    if (size < 0 || mux_input(p->mux, plain, (size_t)size) != 0)
        over(p, NULL, 0);
    else
        peer_flush(p); /* credit, pongs */
    crypto_wipe(plain, size > 0 ? (size_t)size : 0);
}

void peer_flush(struct peer *p)
{
    uint8_t plain[RECORD_PLAIN_MAX], message[RECORD_PLAIN_MAX + RECORD_OVERHEAD];
    while (p->state == PEER_OPEN && p->hooks.send_room(p->hooks.user) >= sizeof message) {
        size_t n = mux_output(p->mux, plain, sizeof plain);
        if (n == 0)
            break;
        if (record_seal(&p->sending, plain, n, message) != 0) {
            over(p, NULL, 0);
            break;
        }
        p->hooks.send(p->hooks.user, message, n + RECORD_OVERHEAD);
    }
    crypto_wipe(plain, sizeof plain);
}

void peer_cleanup(struct peer *p)
{
    record_cleanup(&p->sending);
    record_cleanup(&p->receiving);
    handshake_cleanup(&p->handshake);
    p->state = PEER_OVER;
}
