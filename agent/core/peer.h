/* One end of one encrypted connection: handshake, records and mux together, and its life over several sockets.
 * Sans-I/O: WebSocket messages in, WebSocket messages out through a hook. */
#ifndef BEISTAND_PEER_H
#define BEISTAND_PEER_H

#include "handshake.h"
#include "mux.h"
#include "record.h"

enum peer_state { PEER_HANDSHAKE, PEER_OPEN, PEER_OVER };

struct peer_hooks {
    void *user;
    /* A binary WebSocket message to send. */
    void (*send)(void *user, const uint8_t *message, size_t n);
    /* Bytes the socket can still take; no record is made while it is below one. */
    size_t (*send_room)(void *user);
    /* The handshake is done; keys hold psk and resume_id for the next one. */
    void (*open)(void *user, enum handshake_mode mode, const struct handshake_keys *keys);
    /* Refused (reason, retry_ms) or broken (reason NULL). The socket is to be closed. */
    void (*over)(void *user, const char *reason, uint32_t retry_ms);
};

struct peer {
    enum peer_state state;
    struct peer_hooks hooks;
    struct handshake handshake;
    struct record_side sending, receiving;
    struct mux *mux; /* lives over resumes; owned by whoever made it */
};

/* handshake was started by handshake_program() or handshake_viewer(); mux is borrowed. A viewer's hello is sent
 * at once. */
void peer_start(struct peer *p, struct mux *mux, const struct peer_hooks *hooks);
void peer_receive(struct peer *p, const uint8_t *message, size_t n);
/* Sends what the mux has, as far as the socket takes it. Call after mux_send() and when the socket drained. */
void peer_flush(struct peer *p);
void peer_cleanup(struct peer *p);

#endif
