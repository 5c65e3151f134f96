/* See http.h. A request is suspended while its handler works, so it cannot end before the answer:
 * whoever holds a struct http_request holds it until http_respond(). */
#include "http.h"

#include "random.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* DRAIN_MAX: a body that is too large, but not by more than the edge lets through, is read to its end before it
 * is answered: whoever still writes when we close loses the answer (an HTTP/2 edge drops it). */
enum { STREAM_MAX = 1024 * 1024, PATH_MAX_BYTES = 2048, DRAIN_MAX = 1024 * 1024, REQUEST_ID_BYTES = 16 };

struct header {
    struct header *next;
    char *value;
    char name[];
};

struct request {
    struct http_request pub;
    struct http_server *server;
    struct MHD_Connection *conn;
    size_t capacity;
    bool too_large; /* the body is not kept */
    bool hopeless;  /* it is not even read */
    bool dispatched;
    bool suspended;
    bool in_handler;
    struct header *headers;
    struct MHD_Response *response;
    unsigned status;
};

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct http_options o;
    size_t pending;
    size_t suspended; /* libmicrohttpd aborts when stopped over suspended connections */
    bool running;
};

struct http_stream {
    struct request *r;
    char *data;
    size_t n, sent;
    bool suspended, over, finished;
    void (*closed)(void *user);
    void (*drained)(void *user);
    void *user;
};

static void pump(void *user)
{
    struct http_server *s = user;
    if (s->running)
        return;
    s->running = true;
    MHD_run(s->daemon);
    s->running = false;
    MHD_UNSIGNED_LONG_LONG wait;
    if (MHD_get_timeout(s->daemon, &wait) == MHD_YES)
        loop_timer_set(s->timer, (int64_t)wait);
    else
        loop_timer_set(s->timer, -1);
}

static void on_ready(void *user, uint32_t events)
{
    (void)events;
    pump(user);
}

static bool good_request_id(const char *id)
{
    size_t n = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return n >= 8 && n <= 36 && !id[n];
}

/* Request ids are no secrets: drawn many at a time. */
static void new_request_id(char out[37])
{
    static uint8_t drawn[64 * REQUEST_ID_BYTES];
    static size_t left;
    if (left == 0) {
        random_fill(drawn, sizeof drawn);
        left = sizeof drawn;
    }
    left -= REQUEST_ID_BYTES;
    to_hex(out, drawn + left, REQUEST_ID_BYTES);
}

static struct request *request_new(struct http_server *s, struct MHD_Connection *c,
                                   const char *method, const char *path)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->server = s;
    r->conn = c;
    r->pub.method = method;
    r->pub.path = path;
    r->pub.body = calloc(1, 1);
    const char *id = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Request-Id");
    if (id && good_request_id(id))
        snprintf(r->pub.id, sizeof r->pub.id, "%s", id);
    else
        new_request_id(r->pub.id);
    const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
    unsigned long long size = length ? strtoull(length, NULL, 10) : 0;
    r->too_large = size > s->o.body_max;
    r->hopeless = size > DRAIN_MAX;
    return r;
}

static void append_body(struct request *r, const char *data, size_t size)
{
    struct http_request *q = &r->pub;
    if (r->too_large || q->body_size + size > r->server->o.body_max) {
        r->too_large = true;
        return;
    }
    if (q->body_size + size + 1 > r->capacity) {
        size_t capacity = (q->body_size + size + 1) * 2;
        char *grown = realloc(q->body, capacity);
        if (!grown) {
            r->too_large = true;
            return;
        }
        q->body = grown;
        r->capacity = capacity;
    }
    memcpy(q->body + q->body_size, data, size);
    q->body_size += size;
    q->body[q->body_size] = '\0';
}

static enum MHD_Result send_response(struct request *r)
{
    for (struct header *h = r->headers; h; h = h->next)
        MHD_add_response_header(r->response, h->name, h->value);
    MHD_add_response_header(r->response, "X-Request-Id", r->pub.id);
    enum MHD_Result ok = MHD_queue_response(r->conn, r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    return ok;
}

static enum MHD_Result dispatch(struct request *r)
{
    struct http_server *s = r->server;
    r->dispatched = true;
    r->in_handler = true;
    s->pending++;
    (r->too_large ? s->o.too_large : s->o.handler)(s->o.user, &r->pub);
    r->in_handler = false;
    if (r->response)
        return send_response(r);
    MHD_suspend_connection(r->conn);
    r->suspended = true;
    s->suspended++;
    return MHD_YES;
}

static enum MHD_Result on_access(void *user, struct MHD_Connection *c, const char *path,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **cls)
{
    (void)version;
    struct http_server *s = user;
    struct request *r = *cls;
    if (!r) {
        /* A longer path is none of ours: handlers know no empty one. */
        if (!(r = request_new(s, c, method, strlen(path) > PATH_MAX_BYTES ? "" : path)))
            return MHD_NO;
        *cls = r;
        return r->hopeless ? dispatch(r) : MHD_YES;
    }
    if (*size) {
        append_body(r, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!r->dispatched)
        return dispatch(r);
    return r->response ? send_response(r) : MHD_YES;
}

static void on_completed(void *user, struct MHD_Connection *c, void **cls,
                         enum MHD_RequestTerminationCode code)
{
    (void)user, (void)c, (void)code;
    struct request *r = *cls;
    if (!r)
        return;
    if (r->pub.free_user)
        r->pub.free_user(r->pub.user);
    while (r->headers) {
        struct header *h = r->headers;
        r->headers = h->next;
        free(h->value);
        free(h);
    }
    if (r->response)
        MHD_destroy_response(r->response);
    free(r->pub.body);
    free(r);
    *cls = NULL;
}

static bool parse_listen(const char *listen, struct sockaddr_in *a)
{
    char host[64];
    unsigned port;
    memset(a, 0, sizeof *a);
    a->sin_family = AF_INET;
    if (sscanf(listen, "%63[^:]:%u", host, &port) != 2 || port > 65535)
        return false;
    a->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &a->sin_addr) == 1;
}

static int open_listener(const char *listen_at)
{
    struct sockaddr_in a;
    if (!parse_listen(listen_at, &a))
        return -1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1024) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

struct http_server *http_server_new(struct loop *l, const struct http_options *o)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->loop = l;
    s->o = *o;
    int fd = open_listener(o->listen);
    if (fd < 0) {
        free(s);
        return NULL;
    }
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, o->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)16384, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (!s->daemon) {
        close(fd);
        free(s);
        return NULL;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->timer = loop_timer_new(l, pump, s);
    s->watch = loop_watch(l, info->epoll_fd, EPOLLIN, on_ready, s);
    return s;
}

void http_server_quiesce(struct http_server *s)
{
    MHD_socket fd = MHD_quiesce_daemon(s->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    loop_unwatch(s->loop, s->watch);
    loop_timer_free(s->timer);
    if (s->suspended > 0)
        return; /* a forced stop: the process ends with them */
    MHD_stop_daemon(s->daemon);
    free(s);
}

size_t http_server_pending(const struct http_server *s)
{
    return s->pending;
}

const char *http_header(const struct http_request *q, const char *name)
{
    const struct request *r = (const struct request *)q;
    return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *q, const char *name)
{
    const struct request *r = (const struct request *)q;
    const char *value = NULL;
    size_t size;
    if (MHD_lookup_connection_value_n(r->conn, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value, &size) !=
        MHD_YES)
        return NULL;
    return value ? value : ""; /* "?verbose" has no value */
}

const char *http_client_address(const struct http_request *q, char out[HTTP_ADDRESS_SIZE])
{
    unsigned char address[16];
    const char *said = http_header(q, "X-Forwarded-For");
    bool good = said && strlen(said) < HTTP_ADDRESS_SIZE &&
                (inet_pton(AF_INET, said, address) == 1 || inet_pton(AF_INET6, said, address) == 1);
    snprintf(out, HTTP_ADDRESS_SIZE, "%s", good ? said : "");
    return out;
}

void http_add_header(struct http_request *q, const char *name, const char *value)
{
    struct request *r = (struct request *)q;
    struct header *h = malloc(sizeof *h + strlen(name) + 1);
    if (!h)
        return;
    memcpy(h->name, name, strlen(name) + 1);
    h->value = strdup(value);
    h->next = r->headers;
    r->headers = h;
}

static void answer(struct request *r, unsigned status, const char *content_type,
                   struct MHD_Response *response)
{
    struct http_server *s = r->server;
    s->pending--;
    if (content_type)
        MHD_add_response_header(response, "Content-Type", content_type);
    r->response = response;
    r->status = status;
    if (r->suspended) {
        r->suspended = false;
        s->suspended--;
        MHD_resume_connection(r->conn);
        loop_timer_set(s->timer, 0);
    }
}

void http_respond(struct http_request *q, unsigned status, const char *content_type,
                  const void *body, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY);
    answer((struct request *)q, status, content_type, response);
}

void http_respond_file(struct http_request *q, unsigned status, const char *content_type, int fd,
                       size_t size)
{
    answer((struct request *)q, status, content_type, MHD_create_response_from_fd(size, fd));
}

/* ---- streams ---- */

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    (void)pos;
    struct http_stream *s = cls;
    if (s->n == s->sent && s->drained && !s->over && !s->finished)
        s->drained(s->user); /* may write, finish or end */
    if (s->over)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = s->n - s->sent;
    if (n == 0 && s->finished)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == 0) {
        s->suspended = true;
        s->r->server->suspended++;
        MHD_suspend_connection(s->r->conn);
        return 0;
    }
    n = n < max ? n : max;
    memcpy(buf, s->data + s->sent, n);
    s->sent += n;
    if (s->sent == s->n)
        s->sent = s->n = 0;
    return (ssize_t)n;
}

static void stream_free(void *cls)
{
    struct http_stream *s = cls;
    s->closed(s->user);
    free(s->data);
    free(s);
}

struct http_stream *http_stream_start(struct http_request *q, const char *content_type,
                                      void (*closed)(void *user), void *user)
{
    struct request *r = (struct request *)q;
    struct http_stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct http_stream){.r = r, .closed = closed, .user = user};
    answer(r, 200, content_type,
           MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, s, stream_free));
    return s;
}

static void stream_wake(struct http_stream *s)
{
    struct http_server *server = s->r->server;
    if (!s->suspended)
        return;
    s->suspended = false;
    server->suspended--;
    MHD_resume_connection(s->r->conn);
    loop_timer_set(server->timer, 0);
}

bool http_stream_write(struct http_stream *s, const void *data, size_t size)
{
    if (s->n - s->sent + size > STREAM_MAX)
        s->over = true;
    if (s->sent > 0) { /* what the socket has taken makes room */
        memmove(s->data, s->data + s->sent, s->n - s->sent);
        s->n -= s->sent;
        s->sent = 0;
    }
    if (!s->over) {
        char *grown = realloc(s->data, s->n + size);
        if (grown) {
            s->data = grown;
            memcpy(grown + s->n, data, size);
            s->n += size;
        } else {
            s->over = true;
        }
    }
    bool over = s->over;
    stream_wake(s);
    return !over;
}

size_t http_stream_waiting(const struct http_stream *s)
{
    return s->n - s->sent;
}

void http_stream_on_drained(struct http_stream *s, void (*drained)(void *user))
{
    s->drained = drained;
}

void http_stream_finish(struct http_stream *s)
{
    s->finished = true;
    stream_wake(s);
}

void http_stream_end(struct http_stream *s)
{
    s->over = true;
    stream_wake(s);
}
