/* See http_client.h. */
#include "http_client.h"

#include "crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int origin_parse(struct origin *out, const char *text)
{
    unsigned port = 443;
    char rest[2];
    memset(out, 0, sizeof *out);
    if (strncmp(text, "https://", 8) != 0 || strlen(text) > 270)
        return -1;
    int n = sscanf(text + 8, "%255[^:/]:%5u%1s", out->host, &port, rest);
    if (n < 1 || n > 2 || port == 0 || port > 65535)
        return -1;
    out->port = (uint16_t)port;
    snprintf(out->authority, sizeof out->authority, "%s", text + 8);
    out->authority[strcspn(out->authority, "/")] = '\0';
    return 0;
}

static bool finish(struct http_client *c, int status, const char *error)
{
    c->status = status;
    snprintf(c->error, sizeof c->error, "%s", error);
    return true;
}

int http_client_start(struct http_client *c, const struct origin *origin, const char *method, const char *path,
                      const struct http_header *headers, const char *body)
{
    memset(c, 0, sizeof *c);
    int n = snprintf(c->request, sizeof c->request, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method,
                     path, origin->authority);
    for (; headers->name && n > 0 && (size_t)n < sizeof c->request; headers++)
        if (headers->value)
            n += snprintf(c->request + n, sizeof c->request - (size_t)n, "%s: %s\r\n", headers->name, headers->value);
    if (n < 0 || (size_t)n >= sizeof c->request)
        return -1;
    if (body)
        n += snprintf(c->request + n, sizeof c->request - (size_t)n,
                      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        n += snprintf(c->request + n, sizeof c->request - (size_t)n, "%s\r\n",
                      strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n" : "");
    if ((size_t)n >= sizeof c->request)
        return -1;
    c->request_size = (size_t)n;
    c->deadline = clock_monotonic_ms() + HTTP_TIMEOUT_MS;
    c->net = net_connect(origin->host, origin->port);
    return c->net ? 0 : -1;
}

bool http_client_wants_write(const struct http_client *c)
{
    return c->status == 0 && c->sent < c->request_size;
}

static bool grow(struct http_client *c)
{
    if (c->answer_size + 4096 < c->capacity)
        return true;
    size_t capacity = c->capacity ? c->capacity * 2 : 16384;
    char *grown = capacity <= HTTP_ANSWER_MAX ? realloc(c->answer, capacity) : NULL;
    if (!grown)
        return false;
    c->answer = grown;
    c->capacity = capacity;
    return true;
}

/* Joins the chunks in place. -1 when they are malformed or not complete. */
static long dechunk(char *body, size_t n)
{
    size_t from = 0, to = 0;
    for (;;) {
        char *end = NULL;
        unsigned long size = strtoul(body + from, &end, 16);
        char *line = strstr(body + from, "\r\n");
        if (!line || end == body + from || size > HTTP_ANSWER_MAX)
            return -1;
        from = (size_t)(line + 2 - body);
        if (size == 0)
            return (long)to;
        if (size + 2 > n - from)
            return -1;
        memmove(body + to, body + from, size);
        to += size;
        from += size + 2;
    }
}

/* The server closed: what came is the whole answer. */
static bool read_answer(struct http_client *c)
{
    if (c->answer_size == 0)
        return finish(c, -1, "tcp: closed without an answer");
    char *head_end = c->answer ? strstr(c->answer, "\r\n\r\n") : NULL;
    int status;
    if (!head_end || sscanf(c->answer, "HTTP/1.%*1d %3d", &status) != 1)
        return finish(c, -1, HTTP_NOT_HTTP);
    char *body = head_end + 4;
    size_t n = c->answer_size - (size_t)(body - c->answer);
    *head_end = '\0';
    if (strstr(c->answer, "ransfer-encoding: chunked") || strstr(c->answer, "ransfer-Encoding: chunked")) {
        long joined = dechunk(body, n);
        if (joined < 0)
            return finish(c, -1, "the answer is cut off");
        n = (size_t)joined;
    } else {
        const char *length = strstr(c->answer, "ontent-Length:");
        if (!length)
            length = strstr(c->answer, "ontent-length:");
        if (length && strtoul(length + 14, NULL, 10) > n)
            return finish(c, -1, "the answer is cut off");
    }
    body[n] = '\0';
    c->body = body;
    c->body_size = n;
    return finish(c, status, "");
}

bool http_client_poll(struct http_client *c)
{
    enum net_state state = net_state(c->net);
    if (c->status != 0)
        return true;
    if (state == NET_FAILED)
        return finish(c, -1, net_error(c->net));
    if (clock_monotonic_ms() > c->deadline)
        return finish(c, -1, "no answer in time");
    if (state != NET_OPEN)
        return false;
    if (c->sent < c->request_size) {
        int n = net_send(c->net, c->request + c->sent, c->request_size - c->sent);
        if (n < 0)
            return finish(c, -1, net_error(c->net));
        c->sent += (size_t)n;
    }
    for (;;) {
        if (!grow(c))
            return finish(c, -1, "the answer is too large");
        int n = net_recv(c->net, c->answer + c->answer_size, c->capacity - c->answer_size - 1);
        if (n == 0)
            return false;
        if (n < 0)
            return read_answer(c);
        c->answer_size += (size_t)n;
        c->answer[c->answer_size] = '\0';
    }
}

void http_client_close(struct http_client *c)
{
    if (c->net)
        net_close(c->net);
    crypto_wipe(c->request, sizeof c->request); /* it may have held a credential */
    if (c->answer)
        crypto_wipe(c->answer, c->answer_size);
    free(c->answer);
    memset(c, 0, sizeof *c);
}
