/* A technician's connection to a PC without a browser: relay, handshake, control lines, and a small RFB client that
 * keeps the picture (CopyRect, ZRLE and Raw). Blocking: each call goes on until its goal or its deadline. */
#ifndef BEISTAND_CLI_VIEWER_H
#define BEISTAND_CLI_VIEWER_H

#include "agent/core/peer.h"
#include "agent/core/ws_client.h"
#include "agent/sim/stream_digest.h"

#include <zlib.h>

enum { VIEWER_LINE_MAX = 4096 };

struct cli_viewer {
    struct ws_client ws;
    struct peer peer;
    struct mux *mux;
    const char *password; /* borrowed */
    char session[32];
    bool opened, over;
    char reason[160];
    uint32_t retry_ms;
    struct handshake_keys keys;
    char line[VIEWER_LINE_MAX + 1];
    size_t line_size;
    char last_type[32], last_line[VIEWER_LINE_MAX + 1]; /* of the control line that came last */
    /* RFB client: */
    uint8_t *input;
    size_t input_size, input_capacity;
    int phase;
    unsigned width, height, rects_left;
    uint32_t *pixels; /* 0x00RRGGBB */
    uint64_t updates;
    z_stream zlib;
    bool zlib_ready;
    struct stream_digest digest; /* of the screen channel */
};

/* The answer to POST …/tickets. */
struct ticket {
    char relay_url[512], ticket[64], conn_id[32], claims[4200];
};

/* mode pair: digits, connect: password, resume: keys of an earlier connection in v->keys. 0, or -1 with v->reason.
 * A stream (mux, picture) of an earlier connection in v is gone on with by MODE_RESUME. */
int cli_viewer_connect(struct cli_viewer *v, const struct origin *origin, const struct ticket *t, const char *session,
                       enum handshake_mode mode, const char *digits, const char *password);
/* Sends a control line and waits for one of the two types. 0, or -1. */
int cli_viewer_ask(struct cli_viewer *v, const char *json, const char *type, int timeout_ms);
/* Drops the stream, so that the next connection starts a new one. */
void cli_viewer_forget(struct cli_viewer *v);
/* Starts the screen and waits until the first whole picture is there. */
int cli_viewer_screen(struct cli_viewer *v, int timeout_ms);
/* Goes on for a while, asking for updates. 0, or -1: the connection is over. */
int cli_viewer_run(struct cli_viewer *v, int ms);
int cli_viewer_type(struct cli_viewer *v, const char *text);
void cli_viewer_close(struct cli_viewer *v);

#endif
