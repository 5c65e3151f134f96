/* A customer's PC without a PC: the program's core over fake_net, its system in memory, the server and the technician
 * played by functions. For unit tests and fuzzers. */
#ifndef BEISTAND_TESTS_FAKE_PC_H
#define BEISTAND_TESTS_FAKE_PC_H

#include "agent/core/peer.h"
#include "agent/core/program.h"

#define FAKE_SESSION "0wr8q7qb0djvhb292rb1ss25j8"
#define FAKE_AGENT_TOKEN "0wr8q7qb0djvhb292rb1ss25j80wr8q7qb0djvhb292rb1ss25j0"
#define FAKE_PREFIX "1234"
#define FAKE_DIGITS "57200001" /* seven and their check digit */
enum { FAKE_STORE = 16384, FAKE_LIFE_MS = 3600000 };

struct fake_pc {
    struct program *program;
    struct program_config config;
    uint8_t offer_secret[ED25519_SECRET_BYTES];
    /* What the system did. */
    uint8_t store[FAKE_STORE];
    int stored; /* bytes, -1: nothing */
    bool cannot_save, cannot_install;
    const char *preflight_fails, *account_fails;
    int installs, removals, accounts, asked_code, asked_digits, attempts_left, viewers;
    char asked_reason[64], account_password[PROGRAM_PASSWORD_MAX + 1], said[64];
    size_t answered; /* connections whose request was answered */
};

/* Fresh clocks, net and store; randomness from scripted_random.h. token: a canonical link token. */
void fake_pc_start(struct fake_pc *pc);
/* The process dies and starts again with what it had saved. */
void fake_pc_restart(struct fake_pc *pc);
void fake_pc_free(struct fake_pc *pc);
/* One step without waiting. */
void fake_pc_step(struct fake_pc *pc);

/* The newest connection's request ("" when there is none that waits), and its answer: status and JSON. */
const char *fake_pc_request(struct fake_pc *pc);
void fake_pc_answer(struct fake_pc *pc, int status, const char *json);
/* From the start to an active session with an open control socket. */
void fake_pc_activate(struct fake_pc *pc);
/* Upgrades the newest connection, if it asks for path. Its index, or -1. */
int fake_pc_upgrade(struct fake_pc *pc, const char *path_prefix);
/* A text message of the relay on the control socket (connection i). */
void fake_pc_control(struct fake_pc *pc, int i, const void *text, size_t n);
/* JSON of a control message with a signed offer. */
void fake_pc_offer(const struct fake_pc *pc, char *out, size_t size, const char *conn_id, const char *technician,
                   const char *mode, int64_t expires_ms);

/* A technician's end of a data socket. */
struct fake_viewer {
    struct fake_pc *pc;
    int connection;
    struct peer peer;
    struct mux *mux;
    struct handshake_keys keys;
    const char *password;
    char conn_id[32], claims[OFFER_CLAIMS_MAX + 1];
    bool open, over;
    char reason[80];
    uint32_t retry_ms;
    char lines[8192]; /* control lines of the program */
    size_t lines_size;
    uint8_t out[262144];
    size_t out_size;
};
/* Offers a connection, dials, shakes hands. secret: digits (MODE_PAIR) or password (MODE_CONNECT); NULL with
 * MODE_RESUME, which uses the keys of the last time. What came of it is in v. */
void fake_viewer_connect(struct fake_viewer *v, struct fake_pc *pc, enum handshake_mode mode, const char *secret,
                         const char *technician);
/* Bytes on a channel; both ends go on until nothing moves. */
void fake_viewer_send(struct fake_viewer *v, enum mux_channel channel, const void *data, size_t n);
/* Its socket breaks. */
void fake_viewer_cut(struct fake_viewer *v);
void fake_viewer_free(struct fake_viewer *v);

#endif
