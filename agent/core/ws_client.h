/* One WebSocket (RFC 6455) as a client over a net connection, without blocking: messages in whole, messages out
 * through a bounded queue. */
#ifndef BEISTAND_WS_CLIENT_H
#define BEISTAND_WS_CLIENT_H

#include "http_client.h"
#include "proto/c/websocket.h"

enum { WS_MESSAGE_MAX = 20000, WS_QUEUE_MAX = 131072, WS_HEAD_MAX = 4096, WS_DEAD_MS = 30000 };

enum ws_state { WS_CLOSED, WS_CONNECTING, WS_OPEN };

struct ws_client {
    struct net *net;
    enum ws_state state;
    bool upgrade_sent;
    char accept[WS_ACCEPT_SIZE]; /* what the server has to answer to our key */
    char head[WS_HEAD_MAX];
    size_t head_size;
    char request[WS_HEAD_MAX];
    size_t request_sent;
    struct ws_decoder decoder;
    enum ws_opcode opcode; /* of the message in the making: its further frames say "continuation" */
    uint8_t message[WS_MESSAGE_MAX];
    size_t message_size;
    uint8_t queue[WS_QUEUE_MAX];
    size_t queued, sent;
    int64_t heard;
    /* Why it closed: */
    int http_status;  /* of a refused upgrade, 101: an answer to something else; else 0 */
    unsigned code;    /* of the peer's close frame, 1006 without one */
    char reason[128]; /* close reason, or `reason` of the refusal, or the network error */
};

struct ws_client_hooks {
    void *user;
    void (*opened)(void *user);
    void (*message)(void *user, enum ws_opcode opcode, uint8_t *data, size_t n);
};

/* protocols: value of Sec-WebSocket-Protocol. 0, or -1. */
int ws_client_open(struct ws_client *c, const struct origin *origin, const char *path, const char *protocols);
/* Goes on. false: it is closed (state WS_CLOSED; see code and reason). */
bool ws_client_poll(struct ws_client *c, const struct ws_client_hooks *hooks);
bool ws_client_wants_write(const struct ws_client *c);
/* Bytes a message may have now. */
size_t ws_client_room(const struct ws_client *c);
/* 0, or -1: it does not fit or is not open. data is masked in a copy. */
int ws_client_send(struct ws_client *c, enum ws_opcode opcode, const void *data, size_t n);
/* Sends a close frame if it can and closes. */
void ws_client_close(struct ws_client *c, unsigned code);

#endif
