/* The channels inside the encrypted connection (proto/channel.md section 4): strict priority, credit by absolute
 * offsets, and bytes kept until the other end has consumed them, so that a new connection goes on where the old
 * one stopped. Sans-I/O: plaintexts of records in and out. */
#ifndef BEISTAND_MUX_H
#define BEISTAND_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mux_channel { MUX_CONTROL, MUX_SCREEN, MUX_CHAT, MUX_SHELL, MUX_DASHBOARD, MUX_FILES, MUX_CHANNELS };
enum { MUX_WINDOW = 262144, MUX_FRAME_HEADER = 4, MUX_PAYLOAD_MAX = 16380 };

struct mux_hooks {
    void *user;
    /* n bytes of a channel in order, each once. The data is consumed when this returns. */
    void (*data)(void *user, enum mux_channel channel, const uint8_t *data, size_t n);
    /* The other end started the channel again at offset 0. */
    void (*reset)(void *user, enum mux_channel channel);
    /* A pong came back: milliseconds of the ping's own clock value. */
    void (*pong)(void *user, uint64_t sent_ms);
    /* Every byte that was taken for sending (sent) or is about to be handed over, each once. May be NULL. */
    void (*tap)(void *user, bool sent, enum mux_channel channel, const void *data, size_t n);
};

struct mux;
/* NULL without memory. */
struct mux *mux_new(const struct mux_hooks *hooks);
void mux_free(struct mux *m);

/* Bytes mux_send() would take now. */
size_t mux_room(const struct mux *m, enum mux_channel channel);
/* Takes all n bytes (n <= mux_room()) or nothing. 0, or -1. */
int mux_send(struct mux *m, enum mux_channel channel, const void *data, size_t n);
void mux_ping(struct mux *m, uint64_t now_ms);

/* The next plaintext to send, at most size bytes (at least 64). 0: nothing may be sent now. */
size_t mux_output(struct mux *m, uint8_t *out, size_t size);
/* One plaintext that arrived. 0, or -1: it breaks the format or a limit; the connection is over. */
int mux_input(struct mux *m, const uint8_t *data, size_t n);
/* A new connection after a resume: what the peer had not received is sent again once it says where it is. */
void mux_resume(struct mux *m);

#endif
