/* See fake_pc.h. */
#include "fake_pc.h"

#include "agent/core/program_internal.h"
#include "fake_net.h"
#include "proto/c/b64url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 12 };

static const char link_token[] = "0WR8Q7QB0DJVHB2900";

/* ---- the system ---- */

static bool save(void *user, const char *name, const void *data, size_t n)
{
    struct fake_pc *pc = user;
    if (pc->cannot_save || n > sizeof pc->store || strcmp(name, "session") != 0)
        return false;
    memcpy(pc->store, data, n);
    pc->stored = (int)n;
    return true;
}

static int load(void *user, const char *name, void *data, size_t size)
{
    struct fake_pc *pc = user;
    (void)name;
    if (pc->stored < 0 || (size_t)pc->stored > size)
        return -1;
    memcpy(data, pc->store, (size_t)pc->stored);
    return pc->stored;
}

static void forget(void *user, const char *name)
{
    (void)name;
    ((struct fake_pc *)user)->stored = -1;
}

static void on_state(void *user, enum program_state state, const char *reason)
{
    struct fake_pc *pc = user;
    (void)state;
    snprintf(pc->said, sizeof pc->said, "%s", reason);
}

static void ask_code(void *user, const char *reason, int attempts_left, const char *technician, const char *company)
{
    struct fake_pc *pc = user;
    (void)technician, (void)company;
    pc->asked_code++;
    pc->attempts_left = attempts_left;
    snprintf(pc->asked_reason, sizeof pc->asked_reason, "%s", reason);
}

static void ask_digits(void *user)
{
    ((struct fake_pc *)user)->asked_digits++;
}

static void on_viewers(void *user, const struct program_viewer *list, size_t n)
{
    (void)list;
    ((struct fake_pc *)user)->viewers = (int)n;
}

static const char *preflight(void *user, char *checks, size_t size)
{
    snprintf(checks, size, "{\"started\":\"ok\"}");
    return ((struct fake_pc *)user)->preflight_fails;
}

static bool install(void *user)
{
    struct fake_pc *pc = user;
    pc->installs++;
    return !pc->cannot_install;
}

static const char *make_account(void *user, const char *password)
{
    struct fake_pc *pc = user;
    pc->accounts++;
    snprintf(pc->account_password, sizeof pc->account_password, "%s", password);
    return pc->account_fails;
}

static void remove_all(void *user, char *left, size_t size)
{
    ((struct fake_pc *)user)->removals++;
    snprintf(left, size, "[]");
}

static void machine(void *user, char *json, size_t size)
{
    (void)user;
    snprintf(json, size, "{\"name\":\"PC\",\"os\":\"Windows 11\",\"version\":\"10.0.22631\",\"arch\":\"x64\"}");
}

static bool grab(void *user, struct rfb_frame *out)
{
    (void)user, (void)out;
    return false; /* the screen has tests of its own */
}

static bool cursor(void *user, struct rfb_cursor *out)
{
    (void)user, (void)out;
    return false;
}

static void on_key(void *user, bool down, uint32_t keysym, uint32_t scancode)
{
    (void)user, (void)down, (void)keysym, (void)scancode;
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    (void)user, (void)x, (void)y, (void)buttons;
}

static void screen_wanted(void *user, bool wanted)
{
    (void)user, (void)wanted;
}

static void new_program(struct fake_pc *pc, const char *token)
{
    struct program_seams seams = {.user = pc,
                                  .save = save,
                                  .load = load,
                                  .forget = forget,
                                  .state = on_state,
                                  .ask_code = ask_code,
                                  .ask_digits = ask_digits,
                                  .viewers = on_viewers,
                                  .preflight = preflight,
                                  .install = install,
                                  .make_account = make_account,
                                  .remove_all = remove_all,
                                  .machine = machine,
                                  .grab = grab,
                                  .cursor = cursor,
                                  .key = on_key,
                                  .pointer = on_pointer,
                                  .screen_wanted = screen_wanted};
    pc->program = program_new(&pc->config, &seams, token);
    if (!pc->program)
        abort();
}

void fake_pc_start(struct fake_pc *pc)
{
    char json[512], key[64];
    uint8_t public_key[ED25519_PUBLIC_BYTES];
    memset(pc, 0, sizeof *pc);
    fake_net_reset();
    pc->stored = -1;
    ed25519_keypair(public_key, pc->offer_secret);
    b64url_encode(key, public_key, sizeof public_key);
    snprintf(json, sizeof json, "{\"origin\":\"https://support.example\",\"ca_pem\":\"x\",\"offer_keys\":[\"%s\"]}",
             key);
    if (program_config_read(&pc->config, json) != 0)
        abort();
    new_program(pc, link_token);
}

void fake_pc_restart(struct fake_pc *pc)
{
    program_free(pc->program);
    pc->answered = fake_net_count();
    new_program(pc, NULL);
}

void fake_pc_free(struct fake_pc *pc)
{
    program_free(pc->program);
    pc->program = NULL;
    fake_net_reset();
}

void fake_pc_step(struct fake_pc *pc)
{
    program_step(pc->program, -1, 0);
}

/* ---- the server ---- */

/* What the program tells the technician's side besides (program_tell()): heard, and no test's business here. */
static bool is_aside(const char *request)
{
    return strstr(request, "/sessions/") && strstr(request, "{\"event\":\"") && !strstr(request, "\"paired\"") &&
           !strstr(request, "\"ended_by_customer\"");
}

static const char *next_request(struct fake_pc *pc)
{
    size_t n;
    for (int i = 0; i < TURNS && fake_net_count() <= pc->answered; i++)
        fake_pc_step(pc);
    if (fake_net_count() <= pc->answered)
        return "";
    fake_pc_step(pc);
    return (const char *)fake_net_sent(fake_net_at(pc->answered), &n);
}

const char *fake_pc_request(struct fake_pc *pc)
{
    const char *request = next_request(pc);
    while (is_aside(request)) {
        fake_pc_answer(pc, 204, "");
        request = next_request(pc);
    }
    return request;
}

void fake_pc_answer(struct fake_pc *pc, int status, const char *json)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(json), json);
    struct net *net = fake_net_at(pc->answered++);
    fake_net_feed(net, text, (size_t)n, 0);
    fake_net_end(net);
    fake_pc_step(pc);
    fake_pc_step(pc);
}

int fake_pc_upgrade(struct fake_pc *pc, const char *path_prefix)
{
    char key[WS_KEY_SIZE] = "", accept[WS_ACCEPT_SIZE], switching[256];
    const char *request = fake_pc_request(pc), *header = strstr(request, "Sec-WebSocket-Key: ");
    if (strncmp(request, "GET ", 4) != 0 || strncmp(request + 4, path_prefix, strlen(path_prefix)) != 0 || !header ||
        sscanf(header, "Sec-WebSocket-Key: %24s", key) != 1)
        return -1;
    ws_accept(accept, key, crypto_sha1);
    int n = snprintf(switching, sizeof switching,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    int i = (int)pc->answered++;
    fake_net_feed(fake_net_at((size_t)i), switching, (size_t)n, 0);
    fake_pc_step(pc);
    return i;
}

void fake_pc_activate(struct fake_pc *pc)
{
    char json[512];
    fake_pc_request(pc);
    fake_pc_answer(pc, 200,
                   "{\"session\":\"" FAKE_SESSION
                   "\",\"technician\":\"Tina\",\"company\":\"Muster\",\"language\":\"de\"}");
    if (!program_code(pc->program, FAKE_PREFIX FAKE_DIGITS))
        abort();
    fake_pc_request(pc);
    snprintf(json, sizeof json,
             "{\"session\":\"" FAKE_SESSION "\",\"agent_token\":\"" FAKE_AGENT_TOKEN
             "\",\"expires_at\":%lld,\"server_time\":%lld}",
             (long long)(clock_wall_ms() + FAKE_LIFE_MS), (long long)clock_wall_ms());
    fake_pc_answer(pc, 200, json);
    /* How the session stands is asked first, then the control socket is dialled. */
    fake_pc_request(pc);
    snprintf(json, sizeof json, "{\"status\":\"active\",\"reason\":null,\"expires_at\":%lld,\"server_time\":%lld}",
             (long long)(clock_wall_ms() + FAKE_LIFE_MS), (long long)clock_wall_ms());
    fake_pc_answer(pc, 200, json);
}

void fake_pc_control(struct fake_pc *pc, int i, const void *text, size_t n)
{
    uint8_t header[WS_HEADER_MAX];
    struct net *net = fake_net_at((size_t)i);
    if (fake_net_closed(net))
        return;
    fake_net_feed(net, header, ws_encode_header(header, WS_TEXT, true, n, NULL), 0);
    fake_net_feed(net, text, n, 0);
    fake_pc_step(pc);
}

static void make_claims(const struct fake_pc *pc, char claims[OFFER_CLAIMS_MAX + 1], char signature[100],
                        const char *conn_id, const char *technician, const char *mode, int64_t expires_ms)
{
    static const char label[] = "beistand offer v1";
    char json[1024];
    uint8_t message[2048], raw[ED25519_SIGNATURE_BYTES];
    int n = snprintf(json, sizeof json,
                     "{\"v\":1,\"session\":\"" FAKE_SESSION
                     "\",\"conn_id\":\"%s\",\"technician\":\"%s\",\"technician_name\":\"Tina\","
                     "\"company_name\":\"Muster\",\"features\":[\"remote\"],\"view_only\":false,\"mode\":\"%s\","
                     "\"iat\":1,\"exp\":%lld}",
                     conn_id, technician, mode, (long long)expires_ms);
    b64url_encode(claims, json, (size_t)n);
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, claims, strlen(claims));
    ed25519_sign(raw, message, sizeof label + strlen(claims), pc->offer_secret);
    b64url_encode(signature, raw, sizeof raw);
}

void fake_pc_offer(const struct fake_pc *pc, char *out, size_t size, const char *conn_id, const char *technician,
                   const char *mode, int64_t expires_ms)
{
    char claims[OFFER_CLAIMS_MAX + 1], signature[100];
    make_claims(pc, claims, signature, conn_id, technician, mode, expires_ms);
    snprintf(out, size, "{\"type\":\"offer\",\"conn_id\":\"%s\",\"claims\":\"%s\",\"signature\":\"%s\"}", conn_id,
             claims, signature);
}

/* ---- the technician ---- */

static void far_send(void *user, const uint8_t *message, size_t n)
{
    struct fake_viewer *v = user;
    uint8_t header[WS_HEADER_MAX];
    if (fake_net_closed(fake_net_at((size_t)v->connection)))
        return;
    fake_net_feed(fake_net_at((size_t)v->connection), header, ws_encode_header(header, WS_BINARY, true, n, NULL), 0);
    fake_net_feed(fake_net_at((size_t)v->connection), message, n, 0);
}

static size_t viewer_room(void *user)
{
    (void)user;
    return WS_QUEUE_MAX;
}

static void viewer_open(void *user, enum handshake_mode mode, const struct handshake_keys *keys)
{
    struct fake_viewer *v = user;
    (void)mode;
    v->open = true;
    v->keys = *keys;
}

static void viewer_over(void *user, const char *reason, uint32_t retry_ms)
{
    struct fake_viewer *v = user;
    v->over = true;
    v->retry_ms = retry_ms;
    snprintf(v->reason, sizeof v->reason, "%s", reason ? reason : "broken");
}

static void viewer_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct fake_viewer *v = user;
    if (channel != MUX_CONTROL || n >= sizeof v->lines - v->lines_size)
        return;
    memcpy(v->lines + v->lines_size, data, n);
    v->lines_size += n;
    v->lines[v->lines_size] = '\0';
}

static int viewer_stretch(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES])
{
    return crypto_pbkdf2(out, ((struct fake_viewer *)user)->password, salt, SALT_BYTES, iterations);
}

/* The program's frames to the technician's end: each is masked and whole. */
static void collect(struct fake_viewer *v)
{
    struct ws_decoder d;
    struct ws_out out;
    size_t n, used, message = 0;
    static uint8_t data[FAKE_BUFFER], whole[WS_MESSAGE_MAX];
    const uint8_t *sent = fake_net_sent(fake_net_at((size_t)v->connection), &n);
    memcpy(data, sent, n);
    ws_decoder_init(&d, true, WS_MESSAGE_MAX);
    for (size_t at = 0;; at += used) {
        enum ws_event e = ws_decode(&d, data + at, n - at, &used, &out);
        if (e == WS_FAIL)
            abort();
        if (e == WS_MORE && at + used == n)
            break;
        if (e == WS_DATA) {
            memcpy(whole + message, out.data, out.n);
            message += out.n;
        }
        if (e == WS_FRAME_END) {
            peer_receive(&v->peer, whole, message);
            message = 0;
        }
    }
}

static void exchange(struct fake_viewer *v)
{
    for (int i = 0; i < TURNS; i++) {
        fake_pc_step(v->pc);
        collect(v);
        peer_flush(&v->peer);
    }
}

void fake_viewer_connect(struct fake_viewer *v, struct fake_pc *pc, enum handshake_mode mode, const char *secret,
                         const char *technician)
{
    static int serial;
    static const struct handshake_viewer_hooks stretching = {NULL, viewer_stretch, NULL};
    struct handshake_viewer_hooks viewer_hooks = stretching;
    struct peer_hooks hooks = {v, far_send, viewer_room, viewer_open, viewer_over};
    struct mux_hooks mux_hooks = {.user = v, .data = viewer_data};
    char offer[8192], signature[100], path[64];
    const char *asked = mode == MODE_PAIR ? "pair" : "connect";
    peer_cleanup(&v->peer);
    v->pc = pc;
    v->password = mode == MODE_CONNECT ? secret : NULL;
    v->open = v->over = false;
    v->reason[0] = '\0';
    v->connection = -1;
    viewer_hooks.user = v;
    if (mode != MODE_RESUME || !v->mux) {
        mux_free(v->mux);
        v->mux = mux_new(&mux_hooks);
    }
    snprintf(v->conn_id, sizeof v->conn_id, "%026d", ++serial);
    make_claims(pc, v->claims, signature, v->conn_id, technician, asked, clock_wall_ms() + 60000);
    fake_pc_offer(pc, offer, sizeof offer, v->conn_id, technician, asked, clock_wall_ms() + 60000);
    viewer_offered(pc->program, offer);
    snprintf(path, sizeof path, "/relay/c/%s ", v->conn_id);
    v->connection = fake_pc_upgrade(pc, path);
    if (v->connection < 0)
        return;
    handshake_viewer(&v->peer.handshake, mode, FAKE_SESSION, v->conn_id, v->claims, secret, v->keys.psk,
                     v->keys.resume_id, &viewer_hooks);
    peer_start(&v->peer, v->mux, &hooks);
    exchange(v);
}

void fake_viewer_send(struct fake_viewer *v, enum mux_channel channel, const void *data, size_t n)
{
    if (mux_send(v->mux, channel, data, n) != 0)
        return;
    peer_flush(&v->peer);
    exchange(v);
}

void fake_viewer_cut(struct fake_viewer *v)
{
    fake_net_end(fake_net_at((size_t)v->connection));
    peer_cleanup(&v->peer);
    fake_pc_step(v->pc);
}

void fake_viewer_free(struct fake_viewer *v)
{
    peer_cleanup(&v->peer);
    mux_free(v->mux);
    v->mux = NULL;
}
