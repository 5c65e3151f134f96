/* See http_client.h. */
#include "http_client.h"

#include "crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HTTPS_PORT = 443, CHUNK_DIGITS = 8 };

int origin_parse(struct origin *out, const char *text)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    memset(out, 0, sizeof *out);
    if (strncmp(text, "https://", 8) != 0)
        return -1;
    text += 8;
    size_t n = strspn(text, name), port = strspn(text + n + (text[n] == ':'), "0123456789");
    if (n == 0 || n >= sizeof out->host || port > 5 || strlen(text) != n + (text[n] == ':') + port ||
        (text[n] == ':') != (port > 0))
        return -1;
    memcpy(out->host, text, n);
    unsigned long number = port ? strtoul(text + n + 1, NULL, 10) : HTTPS_PORT;
    out->port = (uint16_t)number;
    snprintf(out->authority, sizeof out->authority, "%s", text);
    return number > 0 && number <= UINT16_MAX ? 0 : -1;
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

const char *http_find_header(const char *head, const char *name, size_t *n)
{
    size_t wanted = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && strncmp(line, "\r\n\r\n", 4) != 0; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, wanted) != 0 || at[wanted] != ':')
            continue;
        at += wanted + 1;
        at += strspn(at, " \t");
        *n = strcspn(at, "\r\n");
        while (*n > 0 && (at[*n - 1] == ' ' || at[*n - 1] == '\t'))
            --*n;
        return at;
    }
    return NULL;
}

/* The size line of a chunk at the start of body[0..n); extensions are skipped. Returns where its data begins, 0 when
 * it is malformed or not complete. */
static size_t chunk_size(const char *body, size_t n, size_t *size)
{
    size_t digits = 0, at;
    *size = 0;
    for (; digits < n && digits <= CHUNK_DIGITS; digits++) {
        char d = body[digits];
        int v = d >= '0' && d <= '9' ? d - '0' : (d | 32) >= 'a' && (d | 32) <= 'f' ? (d | 32) - 'a' + 10 : -1;
        if (v < 0)
            break;
        *size = *size << 4 | (size_t)v;
    }
    if (digits == n || !memchr("\r; ", body[digits], 3))
        return 0;
    for (at = digits; at + 1 < n && body[at] != '\r'; at++)
        ;
    return digits > 0 && digits <= CHUNK_DIGITS && at + 1 < n && body[at + 1] == '\n' ? at + 2 : 0;
}

/* Joins the chunks of body[0..n) in place. Their size, or -1 when they are malformed or not complete. */
static long dechunk(char *body, size_t n)
{
    size_t from = 0, to = 0, size;
    for (;;) {
        size_t data = chunk_size(body + from, n - from, &size);
        from += data;
        if (data == 0 || size > n - from)
            return -1;
        if (size == 0)
            return (long)to;
        memmove(body + to, body + from, size);
        to += size;
        from += size;
        if (n - from < 2 || body[from] != '\r' || body[from + 1] != '\n')
            return -1;
        from += 2;
    }
}

/* The size of the body as the head tells it; n bytes came. -1: not all of it did. */
static long body_size(const char *head, char *body, size_t n)
{
    size_t size;
    const char *value = http_find_header(head, "Transfer-Encoding", &size);
    if (value)
        return size == 7 && strncasecmp(value, "chunked", 7) == 0 ? dechunk(body, n) : -1;
    value = http_find_header(head, "Content-Length", &size);
    if (!value)
        return (long)n;
    if (size == 0 || size > CHUNK_DIGITS || strspn(value, "0123456789") != size)
        return -1;
    unsigned long told = strtoul(value, NULL, 10);
    return told <= n ? (long)told : -1;
}

/* The server closed: what came is the whole answer. */
static bool read_answer(struct http_client *c)
{
    if (c->answer_size == 0)
        return finish(c, -1, "tcp: closed without an answer");
    char *head_end = c->answer ? strstr(c->answer, "\r\n\r\n") : NULL;
    int status;
    if (!head_end || sscanf(c->answer, "HTTP/1.%*1[01] %3d", &status) != 1 || status < 200 || status > 599)
        return finish(c, -1, HTTP_NOT_HTTP);
    char *body = head_end + 4;
    *head_end = '\0';
    long n = body_size(c->answer, body, c->answer_size - (size_t)(body - c->answer));
    if (n < 0)
        return finish(c, -1, "the answer is cut off");
    body[n] = '\0';
    c->body = body;
    c->body_size = (size_t)n;
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
