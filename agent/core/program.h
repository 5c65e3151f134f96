/* The program on the customer's PC, without Windows: from the link token to the signed removal receipt. One thread;
 * program_step() does what can be done now and waits for sockets at most timeout_ms. What must survive a restart is
 * in the store, so a killed program goes on where it was. */
#ifndef BEISTAND_PROGRAM_H
#define BEISTAND_PROGRAM_H

#include "crypto.h"
#include "http_client.h"
#include "network.h"
#include "offer.h"
#include "rfb/rfb.h"

enum {
    PROGRAM_TRIES = 5,            /* wrong pairings before the last digits are dropped (S-34) */
    PROGRAM_PASSWORD_TRIES = 5,   /* wrong passwords before each further one is delayed (S-33) */
    PROGRAM_DELAY_MAX_MS = 300000,
    PROGRAM_VIEWERS = 4,
    PROGRAM_PASSWORD_MAX = 256,
    PROGRAM_BLOB_MAX = 8192,
};

/* What is stamped into the program (var/program.json). */
struct program_config {
    struct origin origin;
    char origin_text[300];
    char ca_pem[8192];
    char help[300];
    struct offer_keys offer_keys;
};
/* 0, or -1. */
int program_config_read(struct program_config *out, const char *json);

enum program_state {
    PROGRAM_START,
    PROGRAM_EARLIER,    /* the store has another link's session: asking whether that is still open (S-31) */
    PROGRAM_REPORTING,  /* asking who invites */
    PROGRAM_CODE,       /* waiting for the code */
    PROGRAM_ACTIVATING,
    PROGRAM_ACTIVE,
    PROGRAM_REMOVING,
    PROGRAM_RECEIPT,    /* removed; the receipt is being delivered */
    PROGRAM_OVER,
};
const char *program_state_name(enum program_state s);

/* Who is connected, for the banner (S-45). */
struct program_viewer {
    const char *technician, *company;
    int64_t since_ms;
    bool view_only;
};

/* The system around the core. user is passed to every call. All run on the core's thread. */
struct program_seams {
    void *user;
    /* -- store: sealed, atomic, lost only with the PC -- */
    bool (*save)(void *user, const char *name, const void *data, size_t n);
    /* Bytes read, -1: there is none. */
    int (*load)(void *user, const char *name, void *data, size_t size);
    void (*forget)(void *user, const char *name);
    /* -- what the customer sees -- */
    void (*state)(void *user, enum program_state state, const char *reason);
    /* Ask for the code (program_code()), or again: reason and attempts_left (-1: unknown) say why. */
    void (*ask_code)(void *user, const char *reason, int attempts_left, const char *technician, const char *company);
    /* Ask for the last eight digits again (program_digits()). */
    void (*ask_digits)(void *user);
    void (*viewers)(void *user, const struct program_viewer *list, size_t n);
    /* -- the PC -- */
    /* Pre-flight: "ok" or "failed" per check as a JSON object; NULL in *reason when it may go on. */
    const char *(*preflight)(void *user, char *checks, size_t size);
    bool (*install)(void *user);
    /* Makes the account with the session password. NULL, or the reason (S-32). */
    const char *(*make_account)(void *user, const char *password);
    /* Removes everything the program made; writes what is left as a JSON array. */
    void (*remove_all)(void *user, char *left, size_t size);
    /* {"name","os","version","arch"} */
    void (*machine)(void *user, char *json, size_t size);
    /* -- screen and input: formats in rfb/rfb.h -- */
    /* false: there is no picture now. */
    bool (*grab)(void *user, struct rfb_frame *out);
    /* true when the shape is new since the last call. */
    bool (*cursor)(void *user, struct rfb_cursor *out);
    void (*key)(void *user, bool down, uint32_t keysym, uint32_t scancode);
    void (*pointer)(void *user, unsigned x, unsigned y, unsigned buttons);
    void (*screen_wanted)(void *user, bool wanted); /* capture starts and stops */
    /* -- may be NULL -- */
    /* Asks the customer for a function's first use; program_consent() answers, no answer is no (S-45). NULL: granted. */
    void (*ask_consent)(void *user, const char *feature, const char *technician, const char *company);
    /* The PC's rule for passwords, as far as it can be read: "min_length=12", or "" (S-32). */
    void (*password_rule)(void *user, char *text, size_t size);
    /* A viewer's clipboard: UTF-8, NUL-terminated, n bytes without the NUL, line ends \n. NULL: dropped. */
    void (*clipboard)(void *user, const char *text, size_t n);
};

struct program;
/* token: canonical link token, or NULL to go on with what the store has. NULL on failure. */
struct program *program_new(const struct program_config *config, const struct program_seams *seams,
                            const char *token);
void program_free(struct program *p);
enum program_state program_state(const struct program *p);
const char *program_reason(const struct program *p);
/* Of the technician who invites, "" before that is known; with reason already_activated: whose session is open on this
 * PC. */
const char *program_technician(const struct program *p);
const char *program_company(const struct program *p);
/* Why the service could not be reached the last time ("tcp: …", "tls: …"); "" when it could. */
const char *program_network_error(const struct program *p);
/* What kind of obstacle that was (state reason network_blocked). */
enum network_block program_blocked(const struct program *p);

/* What a store holds of an earlier run, without going on with it. */
struct program_earlier {
    bool open; /* active, and its time is not over */
    char technician[256], company[256];
};
/* false: there is nothing. */
bool program_peek(const struct program_seams *seams, struct program_earlier *out);

/* Waits at most timeout_ms, then goes on. extra: a descriptor that ends the wait too, or -1. */
void program_step(struct program *p, int extra, int timeout_ms);

/* The customer's twelve digits (blanks and dashes are ignored). false: the check digit does not fit, nothing was
 * sent. */
bool program_code(struct program *p, const char *digits);
/* The last eight, in a running program. */
bool program_digits(struct program *p, const char *digits);
/* Called before program_free() when the system goes down, so that the technician is told (S-33). */
enum program_leave { PROGRAM_LEAVE_REBOOT, PROGRAM_LEAVE_SHUT_DOWN };
void program_leave(struct program *p, enum program_leave why);
/* Said to the technician with a refusal of the pre-flight: whose session is open already, for instance. */
void program_detail(struct program *p, const char *detail);
/* The customer's answer to ask_consent(); taking it back later stops the function. It lasts for the session. */
void program_consent(struct program *p, const char *feature, bool granted);
/* The customer ends the session. */
void program_end(struct program *p);

/* For tests: every byte of a viewer's screen channel, in order, each once. stream counts up with each connection; a
 * resumed connection keeps its number. */
typedef void (*program_tap_fn)(void *user, unsigned stream, bool sent, const void *data, size_t n);
void program_tap(struct program *p, program_tap_fn fn);

/* Monitors inside what grab() returns, most of RFB_SCREENS_MAX; copied. Without a call: one. */
void program_screens(struct program *p, const struct rfb_screen *screens, size_t n);
/* The PC's clipboard changed: UTF-8, at most RFB_TEXT_MAX bytes; copied. Viewers who may control are told. */
void program_clipboard(struct program *p, const char *text, size_t n);

#endif
