/* See viewer.h. */
#include "viewer.h"

#include "agent/core/json.h"
#include "zrle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RFB_HEAD, RFB_TYPES, RFB_RESULT, RFB_SERVER_INIT, RFB_RUN, CONNECT_MS = 40000, INPUT_LIMIT = 64 << 20 };
enum { ENCODING_RAW = 0, ENCODING_COPY = 1, ENCODING_ZRLE = 16, ENCODING_EXTENDED_SIZE = -308 };

static unsigned get_u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void put_u16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void fail(struct cli_viewer *v, const char *reason)
{
    v->over = true;
    if (!v->reason[0])
        snprintf(v->reason, sizeof v->reason, "%s", reason);
}

static void rfb_send(struct cli_viewer *v, const void *data, size_t n)
{
    if (mux_send(v->mux, MUX_SCREEN, data, n) != 0)
        fail(v, "the program does not read");
}

static void request_update(struct cli_viewer *v, bool incremental)
{
    uint8_t m[10] = {3, incremental};
    put_u16(m + 6, v->width);
    put_u16(m + 8, v->height);
    rfb_send(v, m, sizeof m);
}

/* ---- rectangles: bytes used, 0: more are needed, -1: wrong ---- */

static long read_raw(struct cli_viewer *v, const uint8_t *rect, const uint8_t *p, size_t n)
{
    unsigned x = get_u16(rect), y = get_u16(rect + 2), w = get_u16(rect + 4), h = get_u16(rect + 6);
    if (n < (size_t)w * h * 4)
        return 0;
    for (unsigned j = 0; j < h; j++)
        for (unsigned i = 0; i < w; i++, p += 4)
            v->pixels[(size_t)(y + j) * v->width + x + i] = (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
    return (long)w * (long)h * 4;
}

/* Rows in the order that does not overwrite a source. */
static long read_copy(struct cli_viewer *v, const uint8_t *rect, const uint8_t *p, size_t n)
{
    unsigned x = get_u16(rect), y = get_u16(rect + 2), w = get_u16(rect + 4), h = get_u16(rect + 6);
    if (n < 4)
        return 0;
    unsigned from_x = get_u16(p), from_y = get_u16(p + 2);
    if (from_x + w > v->width || from_y + h > v->height)
        return -1;
    for (unsigned i = 0; i < h; i++) {
        unsigned j = y > from_y ? h - 1 - i : i;
        memmove(v->pixels + (size_t)(y + j) * v->width + x, v->pixels + (size_t)(from_y + j) * v->width + from_x,
                (size_t)w * 4);
    }
    return 4;
}

static long read_zrle(struct cli_viewer *v, const uint8_t *rect, const uint8_t *p, size_t n)
{
    struct zrle_picture picture = {v->pixels, v->width};
    size_t size = n < 4 ? 0 : (size_t)get_u16(p) << 16 | get_u16(p + 2);
    if (n < 4 || n - 4 < size)
        return 0;
    return zrle_rect(&v->zlib, p + 4, size, &picture, get_u16(rect), get_u16(rect + 2), get_u16(rect + 4),
                     get_u16(rect + 6)) == 0
               ? (long)(4 + size)
               : -1;
}

/* The new size of the PC's screen, and its monitors. Everything will be sent again. */
static long read_size(struct cli_viewer *v, const uint8_t *rect, const uint8_t *p, size_t n)
{
    unsigned w = get_u16(rect + 4), h = get_u16(rect + 6);
    if (n < 4 || n < 4 + 16u * p[0])
        return 0;
    if (w != v->width || h != v->height) {
        free(v->pixels);
        v->pixels = calloc((size_t)w * h, 4);
        v->width = w;
        v->height = h;
    }
    return v->pixels ? (long)(4 + 16u * p[0]) : -1;
}

static long read_rect(struct cli_viewer *v, const uint8_t *p, size_t n)
{
    if (n < 12)
        return 0;
    int32_t encoding = (int32_t)((uint32_t)get_u16(p + 8) << 16 | get_u16(p + 10));
    long used = -1;
    if (encoding == ENCODING_EXTENDED_SIZE) {
        used = read_size(v, p, p + 12, n - 12);
        return used > 0 ? used + 12 : used;
    }
    if (get_u16(p) + get_u16(p + 4) > v->width || get_u16(p + 2) + get_u16(p + 6) > v->height)
        return -1;
    if (encoding == ENCODING_RAW)
        used = read_raw(v, p, p + 12, n - 12);
    else if (encoding == ENCODING_COPY)
        used = read_copy(v, p, p + 12, n - 12);
    else if (encoding == ENCODING_ZRLE)
        used = read_zrle(v, p, p + 12, n - 12);
    return used > 0 ? used + 12 : used;
}

/* ---- the protocol ---- */

static long read_server_init(struct cli_viewer *v, const uint8_t *p, size_t n)
{
    static const uint8_t encodings[] = {2, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0xFF, 0xFF, 0xFE, 0xCC};
    if (n < 24)
        return 0;
    size_t name = (size_t)get_u16(p + 20) << 16 | get_u16(p + 22);
    if (name > 1024)
        return -1;
    if (n < 24 + name)
        return 0;
    v->width = get_u16(p);
    v->height = get_u16(p + 2);
    v->pixels = calloc((size_t)v->width * v->height, 4);
    v->zlib_ready = inflateInit(&v->zlib) == Z_OK;
    if (!v->pixels || !v->zlib_ready)
        return -1;
    rfb_send(v, encodings, sizeof encodings);
    request_update(v, false);
    v->phase = RFB_RUN;
    return (long)(24 + name);
}

static long read_update(struct cli_viewer *v, const uint8_t *p, size_t n)
{
    if (v->rects_left > 0) {
        long used = read_rect(v, p, n);
        if (used > 0 && --v->rects_left == 0) {
            v->updates++;
            request_update(v, true);
        }
        return used;
    }
    if (p[0] == 2)
        return 1; /* bell */
    if (p[0] != 0)
        return -1;
    if (n < 4)
        return 0;
    v->rects_left = get_u16(p + 2);
    return 4;
}

static long read_rfb(struct cli_viewer *v, const uint8_t *p, size_t n)
{
    static const uint8_t one = 1;
    switch (v->phase) {
    case RFB_HEAD:
        if (n < 12)
            return 0;
        rfb_send(v, "RFB 003.008\n", 12);
        v->phase = RFB_TYPES;
        return 12;
    case RFB_TYPES:
        if (n < 2)
            return 0;
        rfb_send(v, &one, 1);
        v->phase = RFB_RESULT;
        return p[0] == 1 && p[1] == 1 ? 2 : -1;
    case RFB_RESULT:
        if (n < 4)
            return 0;
        rfb_send(v, &one, 1);
        v->phase = RFB_SERVER_INIT;
        return 4;
    case RFB_SERVER_INIT: return read_server_init(v, p, n);
    default: return read_update(v, p, n);
    }
}

static void take_rfb(struct cli_viewer *v, const uint8_t *data, size_t n)
{
    size_t at = 0;
    if (v->input_size + n > v->input_capacity) {
        size_t capacity = (v->input_size + n) * 2;
        uint8_t *grown = capacity <= INPUT_LIMIT ? realloc(v->input, capacity) : NULL;
        if (!grown) {
            fail(v, "the picture is too large");
            return;
        }
        v->input = grown;
        v->input_capacity = capacity;
    }
    memcpy(v->input + v->input_size, data, n);
    v->input_size += n;
    while (at < v->input_size) {
        long used = read_rfb(v, v->input + at, v->input_size - at);
        if (used < 0) {
            fail(v, "the screen's protocol is broken");
            return;
        }
        if (used == 0)
            break;
        at += (size_t)used;
    }
    memmove(v->input, v->input + at, v->input_size - at);
    v->input_size -= at;
}

static void take_control(struct cli_viewer *v, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (data[i] != '\n' && v->line_size < VIEWER_LINE_MAX) {
            v->line[v->line_size++] = (char)data[i];
            continue;
        }
        v->line[v->line_size] = '\0';
        if (json_valid(v->line, v->line_size)) {
            json_get_text(v->line, "type", v->last_type, sizeof v->last_type);
            memcpy(v->last_line, v->line, v->line_size + 1);
        }
        v->line_size = 0;
    }
}

static void on_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct cli_viewer *v = user;
    if (channel == MUX_CONTROL)
        take_control(v, data, n);
    else if (channel == MUX_SCREEN)
        take_rfb(v, data, n);
}

static void on_tap(void *user, bool sent, enum mux_channel channel, const void *data, size_t n)
{
    struct cli_viewer *v = user;
    if (channel == MUX_SCREEN)
        stream_digest_add(&v->digest, sent, data, n);
}

/* ---- connection ---- */

static void on_send(void *user, const uint8_t *message, size_t n)
{
    struct cli_viewer *v = user;
    if (ws_client_send(&v->ws, WS_BINARY, message, n) != 0)
        fail(v, "the relay does not read");
}

static size_t on_send_room(void *user)
{
    return ws_client_room(&((struct cli_viewer *)user)->ws);
}

static void on_peer_open(void *user, enum handshake_mode mode, const struct handshake_keys *keys)
{
    struct cli_viewer *v = user;
    (void)mode;
    v->keys = *keys;
    v->opened = true;
}

static void on_peer_over(void *user, const char *reason, uint32_t retry_ms)
{
    struct cli_viewer *v = user;
    v->retry_ms = retry_ms;
    fail(v, reason ? reason : "the encrypted channel broke");
}

static void on_ws_open(void *user)
{
    struct cli_viewer *v = user;
    struct peer_hooks hooks = {v, on_send, on_send_room, on_peer_open, on_peer_over};
    peer_start(&v->peer, v->mux, &hooks);
}

static void on_ws_message(void *user, enum ws_opcode opcode, uint8_t *data, size_t n)
{
    struct cli_viewer *v = user;
    if (opcode == WS_BINARY)
        peer_receive(&v->peer, data, n);
}

static int stretch(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES])
{
    struct cli_viewer *v = user;
    return crypto_pbkdf2(out, v->password, salt, SALT_BYTES, iterations);
}

/* One turn. false: over. */
static bool turn(struct cli_viewer *v, int timeout_ms)
{
    struct ws_client_hooks hooks = {v, on_ws_open, on_ws_message};
    struct net *set[1] = {v->ws.net};
    if (v->over || v->ws.state == WS_CLOSED)
        return false;
    if (v->opened)
        peer_flush(&v->peer);
    bool want = ws_client_wants_write(&v->ws);
    net_wait(set, &want, 1, -1, timeout_ms);
    if (!ws_client_poll(&v->ws, &hooks))
        fail(v, v->ws.reason[0] ? v->ws.reason : "the relay closed the connection");
    return !v->over;
}

int cli_viewer_connect(struct cli_viewer *v, const struct origin *origin, const struct ticket *t, const char *session,
                       enum handshake_mode mode, const char *digits, const char *password)
{
    char path[64], protocols[128];
    struct mux_hooks mux_hooks = {.user = v, .data = on_data, .tap = on_tap};
    struct handshake_viewer_hooks hooks = {v, stretch, NULL};
    struct handshake_keys keys = v->keys;
    if (!v->mux) {
        v->mux = mux_new(&mux_hooks);
        stream_digest_start(&v->digest);
    }
    v->opened = v->over = false;
    v->reason[0] = '\0';
    v->password = password;
    snprintf(v->session, sizeof v->session, "%s", session);
    handshake_viewer(&v->peer.handshake, mode, session, t->conn_id, t->claims, digits, keys.psk, keys.resume_id, &hooks);
    snprintf(path, sizeof path, "/relay/c/%s", t->conn_id);
    snprintf(protocols, sizeof protocols, "beistand.v1, ticket.%s", t->ticket);
    if (!v->mux || ws_client_open(&v->ws, origin, path, protocols) != 0) {
        fail(v, "no connection");
        return -1;
    }
    int64_t deadline = clock_monotonic_ms() + CONNECT_MS;
    while (!v->opened && clock_monotonic_ms() < deadline && turn(v, 200))
        ;
    if (!v->opened)
        fail(v, "no answer in time");
    return v->opened ? 0 : -1;
}

int cli_viewer_ask(struct cli_viewer *v, const char *json, const char *type, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    if (json) {
        v->last_type[0] = '\0';
        mux_send(v->mux, MUX_CONTROL, json, strlen(json));
        mux_send(v->mux, MUX_CONTROL, "\n", 1);
    }
    while (strcmp(v->last_type, type) != 0 && clock_monotonic_ms() < deadline) {
        if (strcmp(v->last_type, "refused") == 0) {
            json_get_text(v->last_line, "reason", v->reason, sizeof v->reason);
            return -1;
        }
        if (!turn(v, 100))
            return -1;
    }
    return strcmp(v->last_type, type) == 0 ? 0 : -1;
}

int cli_viewer_run(struct cli_viewer *v, int ms)
{
    int64_t deadline = clock_monotonic_ms() + ms;
    while (clock_monotonic_ms() < deadline)
        if (!turn(v, 50))
            return -1;
    return 0;
}

int cli_viewer_screen(struct cli_viewer *v, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    if (cli_viewer_ask(v, "{\"type\":\"start\",\"feature\":\"remote\"}", "started", timeout_ms) != 0)
        return -1;
    uint64_t seen = 0;
    int64_t quiet_since = 0;
    /* The picture comes in tiles: it is whole when nothing more came for a moment. */
    while (clock_monotonic_ms() < deadline) {
        if (!turn(v, 50))
            return -1;
        if (v->updates != seen) {
            seen = v->updates;
            quiet_since = clock_monotonic_ms();
        } else if (seen > 0 && clock_monotonic_ms() - quiet_since > 400) {
            return 0;
        }
    }
    return seen > 0 ? 0 : -1;
}

/* The next character of valid UTF-8 and how many bytes it has; 0 bytes: it is none (RFC 3629). */
static size_t next_character(const char *text, uint32_t *out)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
    *out = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        *out = *out << 6 | (p[i] & 0x3F);
    }
    return n;
}

/* X11: Latin-1 characters are their own keysyms, the others lie above 0x01000000. */
static void send_character(struct cli_viewer *v, uint32_t c)
{
    uint32_t keysym = c < 0x100 ? c : 0x01000000 | c;
    for (int down = 1; down >= 0; down--) {
        uint8_t m[8] = {4, (uint8_t)down, 0, 0, (uint8_t)(keysym >> 24), (uint8_t)(keysym >> 16), (uint8_t)(keysym >> 8), (uint8_t)keysym};
        rfb_send(v, m, sizeof m);
    }
}

int cli_viewer_type(struct cli_viewer *v, const char *text)
{
    uint32_t c;
    size_t n;
    for (; *text; text += n) {
        n = next_character(text, &c);
        if (n == 0)
            return -1;
        send_character(v, c);
    }
    return cli_viewer_run(v, 500);
}

void cli_viewer_forget(struct cli_viewer *v)
{
    mux_free(v->mux);
    if (v->zlib_ready)
        inflateEnd(&v->zlib);
    free(v->input);
    free(v->pixels);
    v->mux = NULL;
    v->input = NULL;
    v->pixels = NULL;
    v->zlib_ready = false;
    v->input_size = v->input_capacity = v->line_size = 0;
    v->phase = RFB_HEAD;
    v->rects_left = 0;
    v->last_type[0] = '\0';
}

void cli_viewer_close(struct cli_viewer *v)
{
    if (v->opened && !v->over && mux_send(v->mux, MUX_CONTROL, "{\"type\":\"end\"}\n", 15) == 0)
        turn(v, 0);
    ws_client_close(&v->ws, 1000);
    peer_cleanup(&v->peer);
    cli_viewer_forget(v);
    stream_digest_free(&v->digest);
    crypto_wipe(v, sizeof *v);
}
