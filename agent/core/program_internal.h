/* Shared by the files of the program's core only. */
#ifndef BEISTAND_PROGRAM_INTERNAL_H
#define BEISTAND_PROGRAM_INTERNAL_H

#include "json.h"
#include "peer.h"
#include "program.h"
#include "ws_client.h"

enum { TOLD_MAX = 8, CONSENT_MS = 30000 };
enum { IDS = 32, TOKENS = 64, RETRY_MIN_MS = 500, RETRY_MAX_MS = 15000, RESUME_KEPT_MS = 300000, CONN_IDS_KEPT = 32 };

/* What survives a restart: one blob, sealed by the platform. */
struct saved {
    uint32_t version;
    char link_token[24], code[16], digits[16], activation_key[TOKENS];
    char session[IDS], agent_token[TOKENS], technician[256], company[256];
    int64_t expires_ms;  /* server's clock */
    int64_t server_offset; /* server's clock minus ours */
    int64_t clock_mark;  /* the highest time seen: turning the clock back gains nothing */
    uint8_t receipt_secret[ED25519_SECRET_BYTES], receipt_public[ED25519_PUBLIC_BYTES];
    uint8_t salt[SALT_BYTES], verifier[KEY_BYTES];
    uint32_t pair_tries, password_tries;
    int64_t password_next_ms; /* wall clock before which no try is judged */
    bool installed, activated, paired, password_set, end_asked, ended, removed;
    char reason[64];
    int64_t removed_ms;
    char left[512];
    char consents[64]; /* ",remote,": functions that the customer has allowed */
};

enum { KEYS_HELD = 32 };
struct held_key {
    uint32_t keysym, scancode;
};

/* A viewer's screen and input (remote.c); times of the monotonic clock. */
struct viewer_screen {
    int64_t frame_at;            /* the beat of the last frame */
    int64_t cost_ms;             /* of capturing and encoding it */
    int64_t changed_at;          /* when it last sent something */
    int64_t input_at, echo_at;   /* the last input; the last whose echo is awaited */
    unsigned buttons, x, y;      /* of the pointer */
    struct held_key keys[KEYS_HELD];
    size_t n_keys;
    unsigned cursor_shape;       /* the last of the program's that it got */
};

/* One viewer: a data socket now, and a stream that outlives it for a while. */
struct viewer {
    struct program *program;
    bool used;
    bool opened;             /* the handshake is done, so this slot owns mux and rfb */
    struct offer offer;
    struct ws_client ws;
    struct peer peer;
    struct mux *mux;
    unsigned stream; /* number of mux, for the tap */
    struct rfb *rfb;
    uint8_t psk[2][KEY_BYTES], resume_id[2][RESUME_ID_BYTES]; /* this and the one before */
    struct viewer_screen screen;
    int64_t since, lost_at;
    bool drop;
    bool left;               /* the viewer said that it goes */
    char asked[32];          /* the function that waits for the customer's consent, "" none */
    int64_t asked_until;
    struct viewer *adopted;  /* the slot whose stream a resume takes over */
    enum handshake_mode mode;
    char line[4097];         /* control channel: a line in the making */
    size_t line_size;
};

struct program {
    struct program_config config;
    struct program_seams seams;
    enum program_state state;
    char reason[64];
    struct saved saved;
    struct http_client http;
    bool http_busy;
    void (*http_done)(struct program *p);
    struct ws_client control;
    bool control_used;
    int64_t marked_at, mark_saved_at; /* monotonic times: of saved.clock_mark, and of its last save */
    char network_error[160];
    enum network_block blocked;
    unsigned control_failures; /* tries since the control socket was open */
    bool blocked_told;
    /* Refusals that the server is to hear of (S-30 to S-33), a ring. */
    struct {
        char reason[48], detail[96];
    } told[TOLD_MAX];
    size_t told_first, told_n;
    int64_t told_at;
    char next_token[24]; /* the link that waits until an earlier session's left-overs are gone (S-35) */
    char verdict[64];    /* of the pre-flight or the set-up; the program stops when it is told */
    char verdict_detail[512];
    char checks[512];    /* as told last */
    bool set_up_due;     /* what installing came to is to be told */
    int64_t retry_at, retry_ms, checked_at;
    char seen[CONN_IDS_KEPT][IDS];
    size_t n_seen;
    struct viewer viewers[PROGRAM_VIEWERS];
    bool paired_due, screen_on;
    program_tap_fn tap;
    unsigned streams;
    struct rfb_screen screens[RFB_SCREENS_MAX];
    size_t n_screens;
    struct rfb_cursor cursor;  /* pixels: cursor_pixels */
    uint8_t *cursor_pixels;
    unsigned cursor_shapes;    /* counted; 0: none yet */
    unsigned leaving; /* close code that says why the program goes, 0: it was closed */
};

/* program.c */
void program_save(struct program *p);
/* Queued; told as soon as the server can hear it. When too many wait, the newest are lost. */
void program_tell(struct program *p, const char *reason, const char *detail);
/* A request or socket came to nothing (as network_classify()); says so. */
void program_network_failed(struct program *p, int status, const char *error);
void program_network_works(struct program *p);
void program_set_state(struct program *p, enum program_state state, const char *reason);
void program_ended(struct program *p, const char *reason);
int64_t server_now(struct program *p);
void server_time(struct program *p, int64_t ms);
/* The request came to nothing or could not be made: once more in a moment. */
void program_try_later(struct program *p);
/* Starts a request; done runs when it has a result (p->http). Only one at a time. */
bool program_request(struct program *p, const char *method, const char *path, const char *key, const char *body,
                     void (*done)(struct program *p));

/* viewer.c */
void viewer_offered(struct program *p, const char *message);
void viewers_step(struct program *p);
void viewers_close(struct program *p, const char *reason);
void viewers_show(struct program *p);
/* Milliseconds until the viewer has something to do by itself; -1: only when bytes come. */
int viewer_wait_ms(const struct viewer *v, int64_t now);

/* remote.c: v->rfb lives from remote_start() until the slot is freed. */
/* false: there is no picture. */
bool remote_start(struct viewer *v);
/* Sends what is due. false: the stream is broken for good. */
bool remote_step(struct viewer *v, int64_t now);
int remote_wait_ms(const struct viewer *v, int64_t now);
/* The viewer is gone: what it holds down goes up, so that the customer's keyboard works. */
void remote_release(struct viewer *v);

/* activation.c */
void activation_begin(struct program *p);
void activation_post(struct program *p);

/* consent.c */
bool consent_given(const struct program *p, const char *feature);
void consent_ask(struct viewer *v, const char *feature);
void consents_step(struct program *p, int64_t now);
/* viewer.c: the feature starts, or the viewer is told why not. */
void viewer_start(struct viewer *v, const char *feature);
void viewer_refuse(struct viewer *v, const char *reason, const char *detail);
void viewer_send(struct viewer *v, const char *json);

/* removal.c */
void removal_begin(struct program *p);
void removal_post(struct program *p);

#endif
