/* See ws_client.h. */
#include "ws_client.h"

#include "crypto.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void closed(struct ws_client *c, unsigned code, const char *reason)
{
    if (c->state == WS_CLOSED)
        return;
    c->state = WS_CLOSED;
    c->code = code;
    if (reason)
        snprintf(c->reason, sizeof c->reason, "%s", reason);
    crypto_wipe(c->request, sizeof c->request);
    net_close(c->net);
    c->net = NULL;
}

int ws_client_open(struct ws_client *c, const struct origin *origin, const char *path, const char *protocols)
{
    char key[WS_KEY_SIZE];
    uint8_t nonce[WS_NONCE_BYTES];
    memset(c, 0, sizeof *c);
    crypto_random(nonce, sizeof nonce);
    ws_key(key, nonce);
    ws_accept(c->accept, key, crypto_sha1);
    int n = snprintf(c->request, sizeof c->request,
                     "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                     path, origin->authority, key, protocols);
    if (n < 0 || (size_t)n >= sizeof c->request || !(c->net = net_connect(origin->host, origin->port)))
        return -1;
    c->state = WS_CONNECTING;
    c->heard = clock_monotonic_ms();
    ws_decoder_init(&c->decoder, false, WS_MESSAGE_MAX);
    return 0;
}

bool ws_client_wants_write(const struct ws_client *c)
{
    return c->state == WS_OPEN ? c->queued > c->sent : c->state == WS_CONNECTING && !c->upgrade_sent;
}

size_t ws_client_room(const struct ws_client *c)
{
    size_t room = WS_QUEUE_MAX - (c->queued - c->sent);
    return c->state == WS_OPEN && room > WS_HEADER_MAX ? room - WS_HEADER_MAX : 0;
}

static bool flush(struct ws_client *c)
{
    while (c->queued > c->sent) {
        int n = net_send(c->net, c->queue + c->sent, c->queued - c->sent);
        if (n < 0)
            closed(c, 1006, net_error(c->net));
        if (n <= 0)
            return n == 0;
        c->sent += (size_t)n;
    }
    c->queued = c->sent = 0;
    return true;
}

int ws_client_send(struct ws_client *c, enum ws_opcode opcode, const void *data, size_t n)
{
    uint8_t mask[4];
    if (n > ws_client_room(c))
        return -1;
    if (c->queued + n + WS_HEADER_MAX > WS_QUEUE_MAX) {
        memmove(c->queue, c->queue + c->sent, c->queued - c->sent);
        c->queued -= c->sent;
        c->sent = 0;
    }
    crypto_random(mask, sizeof mask);
    c->queued += ws_encode_header(c->queue + c->queued, opcode, true, n, mask);
    memcpy(c->queue + c->queued, data, n);
    ws_mask(c->queue + c->queued, n, mask, 0);
    c->queued += n;
    return 0;
}

void ws_client_close(struct ws_client *c, unsigned code)
{
    uint8_t body[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    if (c->state == WS_OPEN && ws_client_send(c, WS_CLOSE, body, sizeof body) == 0)
        flush(c);
    closed(c, code, NULL);
}

/* ---- the upgrade ---- */

static void refused(struct ws_client *c)
{
    const char *body = strstr(c->head, "\r\n\r\n");
    char reason[64] = "";
    if (sscanf(c->head, "HTTP/1.%*1d %3d", &c->http_status) != 1)
        c->http_status = -1;
    if (body && json_valid(body + 4, strlen(body + 4)))
        json_get_text(body + 4, "reason", reason, sizeof reason);
    closed(c, 1006, reason);
}

/* Is the body of a refusal whole? A server may keep the connection open after it. */
static bool refusal_complete(const struct ws_client *c, const char *end)
{
    size_t n;
    const char *length = http_find_header(c->head, "Content-Length", &n);
    return length && n > 0 && strtoul(length, NULL, 10) <= c->head_size - (size_t)(end + 4 - c->head);
}

/* Is the token in the header's comma separated list? */
static bool header_lists(const char *head, const char *name, const char *token)
{
    size_t n, wanted = strlen(token);
    const char *at = http_find_header(head, name, &n), *end = at ? at + n : NULL;
    while (at < end) {
        at += strspn(at, ", \t");
        n = strcspn(at, ", \t\r\n");
        if (n == wanted && strncasecmp(at, token, n) == 0)
            return true;
        at += n;
    }
    return false;
}

/* RFC 6455 section 4.1: only who has read our key can answer it; a cache or a proxy in between has not. We offer no extension. */
static bool answers_us(const struct ws_client *c)
{
    size_t n;
    const char *accept = http_find_header(c->head, "Sec-WebSocket-Accept", &n);
    return accept && n == sizeof c->accept - 1 && memcmp(accept, c->accept, n) == 0 &&
           header_lists(c->head, "Upgrade", "websocket") && header_lists(c->head, "Connection", "Upgrade") &&
           !http_find_header(c->head, "Sec-WebSocket-Extensions", &n);
}

/* true when the upgrade is done; *rest bytes of frames follow the head. */
static bool read_head(struct ws_client *c, const struct ws_client_hooks *hooks, size_t *rest)
{
    int n = net_recv(c->net, c->head + c->head_size, sizeof c->head - 1 - c->head_size);
    if (n > 0) {
        c->head_size += (size_t)n;
        c->head[c->head_size] = '\0';
    }
    char *end = strstr(c->head, "\r\n\r\n");
    bool switching = strncmp(c->head, "HTTP/1.1 101", 12) == 0;
    if (n < 0 && (!end || !switching)) {
        if (c->head_size > 0)
            refused(c);
        else
            closed(c, 1006, net_error(c->net));
        return false;
    }
    if (!end || !switching) {
        if (end && refusal_complete(c, end))
            refused(c);
        else if (c->head_size == sizeof c->head - 1)
            closed(c, 1006, "the answer's head is too large");
        return false;
    }
    if (!answers_us(c)) {
        c->http_status = 101;
        closed(c, 1006, "");
        return false;
    }
    *rest = c->head_size - (size_t)(end + 4 - c->head);
    memmove(c->head, end + 4, *rest);
    crypto_wipe(c->request, sizeof c->request);
    c->state = WS_OPEN;
    hooks->opened(hooks->user);
    return true;
}

/* ---- frames ---- */

static void on_control(struct ws_client *c, const struct ws_out *out)
{
    if (out->opcode == WS_PING) {
        ws_client_send(c, WS_PONG, out->data, out->n);
    } else if (out->opcode == WS_CLOSE) {
        char reason[WS_CONTROL_MAX + 1] = "";
        unsigned code = out->n >= 2 ? (unsigned)out->data[0] << 8 | out->data[1] : 1005;
        if (out->n > 2)
            memcpy(reason, out->data + 2, out->n - 2);
        closed(c, code, reason);
    }
}

static void take(struct ws_client *c, const struct ws_client_hooks *hooks, uint8_t *data, size_t n)
{
    struct ws_out out;
    size_t used;
    while (c->state == WS_OPEN) {
        enum ws_event e = ws_decode(&c->decoder, data, n, &used, &out);
        data += used;
        n -= used;
        if (e == WS_MORE && n == 0)
            return;
        if (e == WS_FAIL) {
            ws_client_close(c, out.code);
        } else if (e == WS_CONTROL) {
            on_control(c, &out);
        } else if (e == WS_DATA && c->message_size + out.n > sizeof c->message) {
            ws_client_close(c, 1009);
        } else if (e == WS_DATA) {
            memcpy(c->message + c->message_size, out.data, out.n);
            c->message_size += out.n;
        } else if (e == WS_FRAME && out.opcode != WS_CONTINUATION) {
            c->opcode = out.opcode;
        } else if (e == WS_FRAME_END && out.fin) {
            size_t size = c->message_size;
            c->message_size = 0;
            hooks->message(hooks->user, c->opcode, c->message, size);
        }
    }
}

static void read_all(struct ws_client *c, const struct ws_client_hooks *hooks)
{
    uint8_t data[16384];
    for (int i = 0; i < 16 && c->state == WS_OPEN; i++) {
        int n = net_recv(c->net, data, sizeof data);
        if (n == 0)
            break;
        if (n < 0) {
            closed(c, 1006, net_error(c->net));
            break;
        }
        c->heard = clock_monotonic_ms();
        take(c, hooks, data, (size_t)n);
    }
}

static void send_upgrade(struct ws_client *c)
{
    size_t n = strlen(c->request);
    int sent = net_send(c->net, c->request + c->request_sent, n - c->request_sent);
    if (sent < 0) {
        closed(c, 1006, net_error(c->net));
        return;
    }
    c->request_sent += (size_t)sent;
    c->upgrade_sent = c->request_sent == n;
}

bool ws_client_poll(struct ws_client *c, const struct ws_client_hooks *hooks)
{
    size_t rest = 0;
    if (c->state == WS_CLOSED)
        return false;
    if (net_state(c->net) == NET_FAILED) {
        closed(c, 1006, net_error(c->net));
        return false;
    }
    if (clock_monotonic_ms() - c->heard > WS_DEAD_MS) {
        closed(c, 1006, "silent for 30 s");
        return false;
    }
    if (net_state(c->net) != NET_OPEN)
        return true;
    if (c->state == WS_CONNECTING && !c->upgrade_sent)
        send_upgrade(c);
    if (c->state == WS_CONNECTING && c->upgrade_sent && read_head(c, hooks, &rest) && rest > 0)
        take(c, hooks, (uint8_t *)c->head, rest);
    if (c->state == WS_OPEN)
        read_all(c, hooks);
    if (c->state == WS_OPEN)
        flush(c);
    return c->state != WS_CLOSED;
}
