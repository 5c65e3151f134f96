/* The relay brings viewer and program together and carries their encrypted bytes (proto/channel.md section 2,
 * DESIGN 3). One thread; frames are streamed with new headers, never collected; a slow receiver stops its
 * sender. It knows sessions only by id and cannot read what it carries. */
#ifndef BEISTAND_RELAY_H
#define BEISTAND_RELAY_H

#include "common/derive.h"
#include "common/redis.h"
#include "common/service.h"
#include "common/settings.h"
#include "proto/c/websocket.h"

#include <uthash.h>

enum {
    HEAD_MAX = 8192,           /* request line and headers */
    QUEUE_MAX = 65536,         /* bytes waiting for one socket; reading its partner stops before */
    READ_MAX = 16384,
    FRAME_MAX = 16384 + 64,    /* one record */
    CONTROL_TEXT_MAX = 8192,
    HEAD_MS = 10000,
    PING_MS = 10000,
    DEAD_MS = 30000,
    SWEEP_MS = 1000,
    RENEW_MS = 10000,
    CHECK_MS = 2000,           /* is the session still open? (in case the notice was lost) */
    CLOSE_MS = 2000,           /* a closing socket gets this long to take its last frame */
    SESSION_CONNS_MAX = 16,
};

enum conn_kind { CONN_NEW, CONN_CONTROL, CONN_VIEWER, CONN_PROGRAM };
/* HEAD → AUTH → WAITING (data sockets, for the partner) → OPEN → CLOSING; any → gone. */
enum conn_state { STATE_HEAD, STATE_AUTH, STATE_WAITING, STATE_OPEN, STATE_CLOSING };

struct relay_settings {
    const char *redis_url, *health_listen, *log_level, *listen, *origin, *node;
    int64_t connections_max, peer_wait_ms;
};

struct relay {
    struct service service;
    struct relay_settings settings;
    struct redis *redis, *ended, *offers;
    struct loop_timer *sweep;
    struct loop_watch *listener;
    int listen_fd;
    struct conn *conns; /* uthash by fd */
    struct pair *pairs; /* uthash by conn_id */
    uint64_t next_serial;
};

struct conn {
    struct relay *relay;
    int fd;
    uint64_t serial; /* tells a reused fd from the one that was asked for */
    enum conn_kind kind;
    enum conn_state state;
    struct loop_watch *watch;
    bool reading;            /* EPOLLIN is wanted */
    int64_t since, heard, pinged, renewed, checked; /* loop time */
    char session[ID_SIZE], conn_id[ID_SIZE];
    char *head;              /* until upgraded */
    size_t head_size;
    char key[64];            /* Sec-WebSocket-Key */
    char secret[SECRET_SIZE];
    struct ws_decoder decoder;
    uint8_t *queue;          /* bytes to write: [sent, queued) */
    size_t queued, sent;
    bool mid_frame;          /* a data frame to this socket is not complete: no control frame may go between */
    bool ping_due;
    uint8_t pong[WS_CONTROL_MAX];
    size_t pong_size;
    bool pong_due;
    char *offer;             /* viewers: JSON of what the program is told, until it has come */
    struct pair *pair;
    UT_hash_handle hh;
};

struct pair {
    char conn_id[ID_SIZE];
    struct conn *viewer, *program;
    UT_hash_handle hh;
};

/* conn.c: sockets. */
void conn_accepted(struct relay *r, int fd);
void conn_free(struct conn *c);
/* A close frame after what is queued, then the end. code 0: at once. */
void conn_close(struct conn *c, unsigned code, const char *reason);
bool conn_write(struct conn *c, const void *data, size_t n);
size_t conn_room(const struct conn *c);
void conn_flush(struct conn *c);
void conn_set_reading(struct conn *c, bool reading);
struct conn *conn_find(struct relay *r, int fd, uint64_t serial);
void conn_send_text(struct conn *c, const char *text, size_t n);
void conn_send_due(struct conn *c);

/* upgrade.c: the HTTP part. */
void upgrade_head_complete(struct conn *c);
void upgrade_accept(struct conn *c);
void upgrade_refuse(struct conn *c, const char *reason);

/* control.c, pair.c */
void control_opened(struct conn *c);
void control_closed(struct conn *c);
void control_renew(struct conn *c);
void control_offer(struct relay *r, const char *json);
void pair_join(struct conn *c);
/* Takes c out of its pair and returns the partner that stays behind, if any. */
struct conn *pair_part(struct conn *c);
/* The same, and closes the partner: 4001 peer gone. */
void pair_leave(struct conn *c);
/* Bytes of c that were read: to its partner. */
void pair_forward(struct conn *c, uint8_t *data, size_t n);
struct conn *pair_partner(const struct conn *c);

/* sweep.c */
void sweep(void *relay);
void session_ended(struct relay *r, const char *session, const char *reason);

/* store.c: the only file that speaks Redis. user of the callbacks is a struct asked. */
struct asked {
    struct relay *relay;
    int fd;
    uint64_t serial;
};
struct asked *asked_new(struct conn *c);
/* The connection, or NULL when it has gone meanwhile; frees a. */
struct conn *asked_conn(struct asked *a);
void store_take_ticket(struct conn *c, redis_fn fn);
void store_session(struct conn *c, redis_fn fn); /* HMGET agent_token_hash state reason */
void store_noted(struct conn *c, redis_fn fn);
/* Notes whose connection it is. */
void store_note(struct conn *c);
void store_offer(struct conn *c);
void store_presence(struct conn *c, const char *verb, redis_fn fn);
void store_subscribe(struct relay *r, redis_fn ended, redis_fn offers);

#endif
