/* WebSocket frames (RFC 6455), sans-I/O: bytes in, events out, one at a time; a frame's payload is handed on as
 * it comes and never collected. No extensions. Used by the relay (server) and by program, simulator and CLI
 * (clients). */
#ifndef BEISTAND_WEBSOCKET_H
#define BEISTAND_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };
enum { WS_HEADER_MAX = 14, WS_CONTROL_MAX = 125, WS_NONCE_BYTES = 16, WS_KEY_SIZE = 25, WS_ACCEPT_SIZE = 29, WS_SHA1_BYTES = 20 };

enum ws_event {
    WS_MORE,      /* everything was used; nothing to tell */
    WS_FRAME,     /* a data frame begins: opcode, fin, size */
    WS_DATA,      /* part of its payload: data, n (unmasked in place) */
    WS_FRAME_END, /* the data frame is complete; with fin set the message is */
    WS_CONTROL,   /* a whole control frame: opcode, data, n */
    WS_FAIL,      /* the peer breaks the protocol: close with code */
};

struct ws_out {
    enum ws_opcode opcode;
    bool fin;
    uint64_t size;
    uint8_t *data;
    size_t n;
    uint16_t code; /* WS_FAIL: 1002 protocol error, 1009 too big */
};

struct ws_decoder {
    bool masked;         /* we are the server: frames must be masked; a client: must not */
    uint64_t frame_max;  /* largest payload of a data frame */
    uint8_t header[WS_HEADER_MAX];
    size_t have;         /* of header */
    bool in_frame, in_message, failed, end_due;
    struct ws_out frame; /* the open one */
    uint64_t left;       /* payload bytes of it still to come */
    uint8_t mask[4];
    size_t mask_at;
    uint8_t control[WS_CONTROL_MAX];
};

void ws_decoder_init(struct ws_decoder *d, bool server, uint64_t frame_max);
/* Looks at data[0..n), sets *used to what it took and tells one event. Call again with the rest until WS_MORE.
 * Payload is unmasked in place. After WS_FAIL nothing more is decoded. */
enum ws_event ws_decode(struct ws_decoder *d, uint8_t *data, size_t n, size_t *used, struct ws_out *out);

/* Header of a frame; mask NULL for a server. Returns its size (2 to 14). */
size_t ws_encode_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, bool fin, uint64_t size,
                        const uint8_t mask[4]);
/* Masks (or unmasks) n bytes that begin at offset of the payload. */
void ws_mask(uint8_t *data, size_t n, const uint8_t mask[4], size_t offset);

/* Sec-WebSocket-Key of sixteen random bytes (RFC 6455 section 4.1). */
void ws_key(char out[WS_KEY_SIZE], const uint8_t nonce[WS_NONCE_BYTES]);
/* Sec-WebSocket-Accept of a key (RFC 6455 section 4.2.2). sha1: digest of n bytes. */
void ws_accept(char out[WS_ACCEPT_SIZE], const char *key,
               void (*sha1)(uint8_t digest[WS_SHA1_BYTES], const void *data, size_t n));

#endif
