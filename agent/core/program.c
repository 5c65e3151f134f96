/* The program's life; see program.h. Every change that matters is saved before it is acted on. */
#include "program_internal.h"

#include "proto/c/b64url.h"
#include "proto/c/damm.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLOSE_REBOOT = 4100, CLOSE_SHUT_DOWN, CLOSE_PROGRAM_CLOSED }; /* proto/channel.md section 2 */
enum { SAVED_VERSION = 2, CODE_DIGITS = 12, MARK_MS = 60000, TRY_LATER_MS = 2000, SERVER_CHECK_MS = 30000, CONTROL_FAILURES = 3, TELL_MS = 200 };

const char *program_state_name(enum program_state s)
{
    static const char *const names[] = {"start",      "earlier", "reporting", "code", "activating",
                                        "active",     "removing", "receipt",  "over"};
    return names[s];
}

int program_config_read(struct program_config *out, const char *json)
{
    char key[64];
    memset(out, 0, sizeof *out);
    if (!json_valid(json, strlen(json)) ||
        !json_get_text(json, "origin", out->origin_text, sizeof out->origin_text) ||
        origin_parse(&out->origin, out->origin_text) != 0 ||
        !json_get_text(json, "ca_pem", out->ca_pem, sizeof out->ca_pem))
        return -1;
    json_get_text(json, "help", out->help, sizeof out->help);
    while (out->offer_keys.n < OFFER_KEYS_MAX &&
           json_array_text(json, "offer_keys", out->offer_keys.n, key, sizeof key)) {
        if (b64url_decode(out->offer_keys.keys[out->offer_keys.n], ED25519_PUBLIC_BYTES, key) != ED25519_PUBLIC_BYTES)
            return -1;
        out->offer_keys.n++;
    }
    return out->offer_keys.n > 0 ? 0 : -1;
}

void program_save(struct program *p)
{
    p->seams.save(p->seams.user, "session", &p->saved, sizeof p->saved);
}

/* The earlier session is gone with all it had made; the link that was to be used begins now. */
static void begin_next(struct program *p)
{
    struct saved fresh = {.version = SAVED_VERSION, .clock_mark = p->saved.clock_mark, .server_offset = p->saved.server_offset};
    snprintf(fresh.link_token, sizeof fresh.link_token, "%s", p->next_token);
    crypto_wipe(&p->saved, sizeof p->saved);
    p->saved = fresh;
    p->next_token[0] = p->verdict[0] = '\0';
    p->paired_due = false;
    p->told_n = 0;
    p->retry_at = 0;
    program_set_state(p, PROGRAM_START, "");
}

void program_set_state(struct program *p, enum program_state state, const char *reason)
{
    if (state == PROGRAM_OVER && p->next_token[0]) {
        begin_next(p);
        return;
    }
    p->state = state;
    if (reason != p->reason)
        snprintf(p->reason, sizeof p->reason, "%s", reason);
    p->seams.state(p->seams.user, state, p->reason);
}

enum program_state program_state(const struct program *p)
{
    return p->state;
}

void program_tap(struct program *p, program_tap_fn fn)
{
    p->tap = fn;
}

const char *program_reason(const struct program *p)
{
    return p->reason;
}

const char *program_technician(const struct program *p)
{
    return p->saved.technician;
}

const char *program_network_error(const struct program *p)
{
    return p->network_error;
}

enum network_block program_blocked(const struct program *p)
{
    return p->blocked;
}

const char *program_company(const struct program *p)
{
    return p->saved.company;
}

static bool load_saved(const struct program_seams *seams, struct saved *out)
{
    int n = seams->load(seams->user, "session", out, sizeof *out);
    return n == (int)sizeof *out && out->version == SAVED_VERSION;
}

bool program_peek(const struct program_seams *seams, struct program_earlier *out)
{
    struct saved saved;
    memset(out, 0, sizeof *out);
    bool found = load_saved(seams, &saved);
    if (found) {
        int64_t wall = clock_wall_ms();
        int64_t now = wall > saved.clock_mark ? wall : saved.clock_mark;
        out->open = saved.activated && !saved.ended && now < saved.expires_ms;
        snprintf(out->technician, sizeof out->technician, "%s", saved.technician);
        snprintf(out->company, sizeof out->company, "%s", saved.company);
    }
    crypto_wipe(&saved, sizeof saved);
    return found;
}

/* Time only goes on: by the wall clock where it is ahead, else by the monotonic clock from the last mark, so turning the
 * wall clock back gains nothing, in this run or (the mark is saved each minute) the next. */
static int64_t steady_now(struct program *p)
{
    int64_t wall = clock_wall_ms(), monotonic = clock_monotonic_ms();
    int64_t steady = p->saved.clock_mark + (p->marked_at ? monotonic - p->marked_at : 0);
    p->saved.clock_mark = wall > steady ? wall : steady;
    p->marked_at = monotonic;
    return p->saved.clock_mark;
}

int64_t server_now(struct program *p)
{
    return steady_now(p) + p->saved.server_offset;
}

/* The server's time as it was just told. */
void server_time(struct program *p, int64_t ms)
{
    p->saved.server_offset = ms - steady_now(p);
}

static void keep_mark(struct program *p)
{
    int64_t monotonic = clock_monotonic_ms();
    if (monotonic - p->mark_saved_at < MARK_MS)
        return;
    p->mark_saved_at = monotonic;
    program_save(p);
}

struct program *program_new(const struct program_config *config, const struct program_seams *seams,
                            const char *token)
{
    struct program *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->config = *config;
    p->seams = *seams;
    for (int i = 0; i < PROGRAM_VIEWERS; i++)
        p->viewers[i].program = p;
    bool found = load_saved(seams, &p->saved);
    if (found && token && strcmp(p->saved.link_token, token) != 0)
        snprintf(p->next_token, sizeof p->next_token, "%s", token);
    if (!found) {
        if (!token) {
            free(p);
            return NULL;
        }
        memset(&p->saved, 0, sizeof p->saved);
        p->saved.version = SAVED_VERSION;
        snprintf(p->saved.link_token, sizeof p->saved.link_token, "%s", token);
    }
    return p;
}

void program_free(struct program *p)
{
    if (!p)
        return;
    viewers_close(p, "");
    if (p->http_busy)
        http_client_close(&p->http);
    if (p->control_used)
        ws_client_close(&p->control, p->leaving ? p->leaving : CLOSE_PROGRAM_CLOSED);
    free(p->cursor_pixels);
    crypto_wipe(p, sizeof *p);
    free(p);
}

/* ---- requests ---- */

void program_try_later(struct program *p)
{
    p->retry_at = clock_monotonic_ms() + TRY_LATER_MS;
}

bool program_request(struct program *p, const char *method, const char *path, const char *key, const char *body,
                     void (*done)(struct program *p))
{
    char bearer[TOKENS + 16];
    snprintf(bearer, sizeof bearer, "Bearer %s", p->saved.agent_token);
    const struct http_header headers[] = {{"Idempotency-Key", key},
                                          {"Authorization", p->saved.agent_token[0] ? bearer : NULL},
                                          {NULL, NULL}};
    if (p->http_busy || http_client_start(&p->http, &p->config.origin, method, path, headers, body) != 0)
        return false;
    p->http_busy = true;
    p->http_done = done;
    return true;
}

static void step_http(struct program *p)
{
    if (!p->http_busy || !http_client_poll(&p->http))
        return;
    void (*done)(struct program *) = p->http_done;
    struct http_client answer = p->http;
    p->http_busy = false;
    done(p); /* reads p->http; may not start another before it returns */
    http_client_close(&answer);
    if (!p->http_busy)
        memset(&p->http, 0, sizeof p->http);
}

/* ---- the code ---- */

static size_t only_digits(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text == ' ' || *text == '-')
            continue;
        if (!isdigit((unsigned char)*text) || n + 1 == size)
            return 0;
        out[n++] = *text;
    }
    out[n] = '\0';
    return n;
}

bool program_code(struct program *p, const char *text)
{
    char digits[CODE_DIGITS + 1];
    if (p->state != PROGRAM_CODE || only_digits(text, digits, sizeof digits) != CODE_DIGITS ||
        !damm_valid(digits + 4, 8))
        return false;
    memcpy(p->saved.code, digits, 4);
    p->saved.code[4] = '\0';
    memcpy(p->saved.digits, digits + 4, 9);
    p->saved.pair_tries = 0;
    activation_begin(p);
    crypto_wipe(digits, sizeof digits);
    return true;
}

bool program_digits(struct program *p, const char *text)
{
    char digits[16];
    size_t n = only_digits(text, digits, sizeof digits);
    if (p->state != PROGRAM_ACTIVE || n < 8 || !damm_valid(digits + n - 8, 8))
        return false;
    memcpy(p->saved.digits, digits + n - 8, 9);
    p->saved.pair_tries = 0;
    program_save(p);
    crypto_wipe(digits, sizeof digits);
    return true;
}

/* ---- the end ---- */

void program_ended(struct program *p, const char *reason)
{
    if (p->state == PROGRAM_REMOVING || p->state == PROGRAM_RECEIPT || p->state == PROGRAM_OVER)
        return;
    p->saved.ended = true;
    snprintf(p->saved.reason, sizeof p->saved.reason, "%s", reason);
    memset(p->saved.digits, 0, sizeof p->saved.digits);
    program_save(p);
    viewers_close(p, reason);
    if (p->control_used)
        ws_client_close(&p->control, 1000);
    p->control_used = false;
    program_set_state(p, PROGRAM_REMOVING, reason);
}

static void on_end_reported(struct program *p)
{
    if (p->http.status == 204 || p->http.status == 401 || p->http.status == 409) {
        p->saved.end_asked = false;
        program_ended(p, "ended_by_customer");
    } else {
        program_try_later(p);
    }
}

void program_end(struct program *p)
{
    if (p->state == PROGRAM_ACTIVE) {
        p->saved.end_asked = true; /* saved: killed now, it is said at the next start */
        program_save(p);
        p->retry_at = 0;
        /* The technician is out at once, whatever the network says. */
        viewers_close(p, "ended_by_customer");
    } else if (p->state == PROGRAM_EARLIER) {
        /* Only this try: the session that is open here is another program's. */
        p->next_token[0] = '\0';
        program_set_state(p, PROGRAM_OVER, "ended_by_customer");
    } else if (p->state < PROGRAM_ACTIVE) {
        program_set_state(p, PROGRAM_REMOVING, "ended_by_customer");
    }
}

void program_detail(struct program *p, const char *detail)
{
    snprintf(p->verdict_detail, sizeof p->verdict_detail, "%s", detail);
}

void program_leave(struct program *p, enum program_leave why)
{
    p->leaving = why == PROGRAM_LEAVE_REBOOT ? CLOSE_REBOOT : CLOSE_SHUT_DOWN;
}

/* ---- the control socket ---- */

static void on_control_open(void *user)
{
    struct program *p = user;
    p->retry_ms = 0;
    p->control_failures = 0;
    program_network_works(p);
    if (p->blocked_told)
        program_tell(p, "network_restored", "");
    p->blocked_told = false;
    p->seams.state(p->seams.user, PROGRAM_ACTIVE, "online");
}

static void on_control_message(void *user, enum ws_opcode opcode, uint8_t *data, size_t n)
{
    struct program *p = user;
    char text[8193], type[16], reason[64];
    if (opcode != WS_TEXT || n >= sizeof text || !json_valid((const char *)data, n))
        return;
    memcpy(text, data, n);
    text[n] = '\0';
    if (!json_get_text(text, "type", type, sizeof type))
        return;
    if (strcmp(type, "offer") == 0) {
        viewer_offered(p, text);
    } else if (strcmp(type, "ended") == 0 && json_get_text(text, "reason", reason, sizeof reason)) {
        /* Said by the relay only: the server is asked before anything is removed. */
        p->checked_at = 0;
    } else if (strcmp(type, "drain") == 0) {
        p->retry_at = 0;
    }
}

/* Exponential with jitter, so that a restarted relay is not stormed. */
static void back_off(struct program *p)
{
    uint32_t jitter;
    crypto_random(&jitter, sizeof jitter);
    p->retry_ms = p->retry_ms ? p->retry_ms * 2 : RETRY_MIN_MS;
    if (p->retry_ms > RETRY_MAX_MS)
        p->retry_ms = RETRY_MAX_MS;
    p->retry_at = clock_monotonic_ms() + p->retry_ms / 2 + jitter % (uint32_t)(p->retry_ms / 2 + 1);
}

/* A socket that opens nowhere while the service itself says nothing against it: something on the way does (S-37). The
 * server is asked next; if that works, it is told (on_checked). */
static void judge_control(struct program *p)
{
    const struct ws_client *c = &p->control;
    bool answered = c->http_status > 0 && c->reason[0]; /* our own words */
    if (answered || c->code != 1006) {
        p->control_failures = 0;
    } else if (++p->control_failures == CONTROL_FAILURES) {
        program_network_failed(p, c->http_status, c->reason);
        p->checked_at = 0;
    }
}

static void step_control(struct program *p)
{
    static const struct ws_client_hooks template = {NULL, on_control_open, on_control_message};
    struct ws_client_hooks hooks = template;
    hooks.user = p;
    if (p->control_used) {
        if (ws_client_poll(&p->control, &hooks) || !p->control_used)
            return;
        p->control_used = false;
        p->seams.state(p->seams.user, PROGRAM_ACTIVE, "offline");
        judge_control(p);
        if (p->control.code == 4002 || p->control.http_status == 401 || p->control.http_status == 409)
            p->checked_at = 0; /* ask the server what is true */
        back_off(p);
        return;
    }
    if (clock_monotonic_ms() < p->retry_at)
        return;
    char path[80], protocols[TOKENS + 32];
    snprintf(path, sizeof path, "/relay/control/%s", p->saved.session);
    snprintf(protocols, sizeof protocols, "beistand.v1, agent.%s", p->saved.agent_token);
    p->control_used = ws_client_open(&p->control, &p->config.origin, path, protocols) == 0;
    crypto_wipe(protocols, sizeof protocols);
    if (!p->control_used)
        back_off(p);
}

/* ---- is it still a session? ---- */

/* The session may have been handed to a colleague (S-29): the customer reads the right name. */
static void take_technician(struct program *p)
{
    char name[sizeof p->saved.technician];
    if (!json_get_text(p->http.body, "technician", name, sizeof name) || strcmp(name, p->saved.technician) == 0)
        return;
    snprintf(p->saved.technician, sizeof p->saved.technician, "%s", name);
    program_save(p);
    p->seams.state(p->seams.user, PROGRAM_ACTIVE, "technician");
}

static void tell_blocked(struct program *p)
{
    program_tell(p, "network_blocked", network_block_name(p->blocked));
    p->blocked_told = true; /* until the socket is open again */
}

static void on_checked(struct program *p)
{
    char status[32] = "", reason[64] = "";
    int64_t time_ms = 0, expires = 0;
    p->checked_at = clock_monotonic_ms();
    if (p->http.status != 200 || !json_valid(p->http.body, p->http.body_size))
        return;
    json_get_text(p->http.body, "status", status, sizeof status);
    json_get_text(p->http.body, "reason", reason, sizeof reason);
    if (json_get_integer(p->http.body, "server_time", &time_ms))
        server_time(p, time_ms);
    if (json_get_integer(p->http.body, "expires_at", &expires) && expires > 0)
        p->saved.expires_ms = expires;
    take_technician(p);
    if (strcmp(status, "ended") == 0)
        program_ended(p, reason[0] ? reason : "session_expired");
    else if (p->control_failures >= CONTROL_FAILURES && !p->blocked_told)
        tell_blocked(p);
}

static void on_paired_reported(struct program *p)
{
    if (p->http.status == 204)
        p->paired_due = false;
    else
        p->retry_at = clock_monotonic_ms() + 1000;
}

/* ---- what the server is told ---- */

void program_tell(struct program *p, const char *reason, const char *detail)
{
    if (strcmp(reason, "network_restored") != 0) /* its text is for the customer too */
        p->seams.state(p->seams.user, p->state, reason);
    if (p->told_n == TOLD_MAX)
        return;
    size_t at = (p->told_first + p->told_n++) % TOLD_MAX;
    snprintf(p->told[at].reason, sizeof p->told[at].reason, "%s", reason);
    snprintf(p->told[at].detail, sizeof p->told[at].detail, "%s", detail);
}

static void on_told(struct program *p)
{
    bool unheard = p->http.status < 0 || p->http.status >= 500;
    p->retry_at = unheard ? clock_monotonic_ms() + 1000 : p->retry_at;
    if (unheard || p->told_n == 0)
        return;
    p->told_first = (p->told_first + 1) % TOLD_MAX;
    p->told_n--;
}

static void post_told(struct program *p)
{
    char body[256], path[96];
    struct json_out o;
    json_out_init(&o, body, sizeof body);
    json_open(&o, NULL);
    json_put_text(&o, "event", p->told[p->told_first].reason);
    json_put_text(&o, "detail", p->told[p->told_first].detail);
    json_close(&o);
    snprintf(path, sizeof path, "/agent/v1/sessions/%s/reports", p->saved.session);
    program_request(p, "POST", path, NULL, body, on_told);
}

void program_network_failed(struct program *p, int status, const char *error)
{
    p->blocked = network_classify(status, error);
    if (status > 0)
        snprintf(p->network_error, sizeof p->network_error, "HTTP %d", status);
    else
        snprintf(p->network_error, sizeof p->network_error, "%s", error);
    p->seams.state(p->seams.user, p->state, "network_blocked");
}

void program_network_works(struct program *p)
{
    p->blocked = NETWORK_FREE;
    p->network_error[0] = '\0';
}

static void step_active(struct program *p)
{
    char path[96];
    if (server_now(p) >= p->saved.expires_ms) { /* even offline */
        program_ended(p, "session_expired");
        return;
    }
    keep_mark(p);
    if (p->saved.end_asked && !p->http_busy && clock_monotonic_ms() >= p->retry_at) {
        snprintf(path, sizeof path, "/agent/v1/sessions/%s/reports", p->saved.session);
        program_request(p, "POST", path, NULL, "{\"event\":\"ended_by_customer\"}", on_end_reported);
        return;
    }
    if (p->paired_due && !p->http_busy && clock_monotonic_ms() >= p->retry_at) {
        snprintf(path, sizeof path, "/agent/v1/sessions/%s/reports", p->saved.session);
        program_request(p, "POST", path, NULL, "{\"event\":\"paired\"}", on_paired_reported);
    } else if (p->told_n > 0 && !p->http_busy && clock_monotonic_ms() >= p->told_at) {
        p->told_at = clock_monotonic_ms() + TELL_MS;
        post_told(p);
    } else if (!p->http_busy && (p->checked_at == 0 || clock_monotonic_ms() - p->checked_at > SERVER_CHECK_MS)) {
        p->checked_at = clock_monotonic_ms();
        snprintf(path, sizeof path, "/agent/v1/sessions/%s", p->saved.session);
        program_request(p, "GET", path, NULL, NULL, on_checked);
    }
    step_control(p);
    viewers_step(p);
}

/* ---- start and step ---- */

/* Whether the server heard that the two ends have paired is not known any more: it is told again. */
static void restart(struct program *p)
{
    p->paired_due = p->saved.password_set;
    program_set_state(p, PROGRAM_ACTIVE, "restarted");
}

static void start(struct program *p)
{
    bool unfinished = p->next_token[0] && !p->saved.activated;
    if (p->saved.removed)
        program_set_state(p, PROGRAM_RECEIPT, p->saved.reason);
    else if (p->saved.ended)
        program_set_state(p, PROGRAM_REMOVING, p->saved.reason);
    else if (unfinished) /* a set-up that was broken off: its left-overs go (S-35) */
        program_set_state(p, PROGRAM_REMOVING, "");
    else if (p->next_token[0] && server_now(p) < p->saved.expires_ms)
        program_set_state(p, PROGRAM_EARLIER, "");
    else if (p->next_token[0])
        program_ended(p, "session_expired");
    else if (p->saved.activated)
        restart(p);
    else
        activation_begin(p);
}

static void advance(struct program *p)
{
    step_http(p);
    switch (p->state) {
    case PROGRAM_START: start(p); break;
    case PROGRAM_EARLIER:
    case PROGRAM_REPORTING:
    case PROGRAM_ACTIVATING: activation_post(p); break;
    case PROGRAM_ACTIVE: step_active(p); break;
    case PROGRAM_REMOVING: removal_begin(p); break;
    case PROGRAM_RECEIPT: removal_post(p); break;
    case PROGRAM_CODE:
    case PROGRAM_OVER: break;
    }
}

void program_step(struct program *p, int extra, int timeout_ms)
{
    struct net *set[NET_WAIT_MAX];
    bool want_write[NET_WAIT_MAX];
    size_t n = 0;
    int64_t now = clock_monotonic_ms();
    if (p->http_busy) {
        set[n] = p->http.net;
        want_write[n++] = http_client_wants_write(&p->http);
    }
    if (p->control_used) {
        set[n] = p->control.net;
        want_write[n++] = ws_client_wants_write(&p->control);
    }
    for (int i = 0; i < PROGRAM_VIEWERS; i++) {
        struct viewer *v = &p->viewers[i];
        if (!v->used || v->ws.state == WS_CLOSED)
            continue;
        set[n] = v->ws.net;
        want_write[n++] = ws_client_wants_write(&v->ws);
        int wait = viewer_wait_ms(v, now);
        if (wait >= 0 && wait < timeout_ms)
            timeout_ms = wait;
    }
    if (p->state == PROGRAM_START || p->state == PROGRAM_REMOVING)
        timeout_ms = 0;
    net_wait(set, want_write, n, extra, timeout_ms);
    advance(p);
}
