/* HTTP/1.1 server on the loop (libmicrohttpd with its epoll descriptor inside ours). A handler gets
 * the whole request and answers at once or later, always on the loop thread. */
#ifndef BEISTAND_HTTP_H
#define BEISTAND_HTTP_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>

struct http_server;

struct http_request {
    const char *method;
    const char *path;  /* without query, not decoded; "" when longer than 2 KiB */
    char *body;        /* NUL-terminated; "" when absent */
    size_t body_size;
    char id[37];       /* X-Request-Id of the edge (letters, digits, dashes) or a fresh one */
    void *user;        /* the handler's; free_user(user) runs when the request ends */
    void (*free_user)(void *user);
};

/* Called once per request when its body is complete. */
typedef void (*http_handler)(void *user, struct http_request *r);

struct http_options {
    const char *listen;     /* host:port, IPv4 */
    size_t body_max;        /* larger bodies are answered 413 */
    unsigned connections;   /* limit */
    unsigned idle_seconds;  /* inactivity limit */
    http_handler handler;
    http_handler too_large; /* answers a request whose body was refused */
    void *user;
};

struct http_server *http_server_new(struct loop *l, const struct http_options *o);
void http_server_quiesce(struct http_server *s); /* stops accepting */
void http_server_free(struct http_server *s);
/* Requests whose handler has not answered yet. */
size_t http_server_pending(const struct http_server *s);

/* NULL when absent. Valid while the request lives. */
const char *http_header(const struct http_request *r, const char *name);
const char *http_query(const struct http_request *r, const char *name);

/* Adds a header to the answer to come. Both are copied. */
void http_add_header(struct http_request *r, const char *name, const char *value);
/* body is copied. Ends the request: r must not be touched afterwards. */
void http_respond(struct http_request *r, unsigned status, const char *content_type,
                  const void *body, size_t size);
/* Answers with a file (ownership of fd passes). */
void http_respond_file(struct http_request *r, unsigned status, const char *content_type, int fd,
                       size_t size);

/* A response without end (server-sent events). closed(user) runs once when the client left;
 * the stream is gone then. */
struct http_stream;
struct http_stream *http_stream_start(struct http_request *r, const char *content_type,
                                      void (*closed)(void *user), void *user);
/* false: more than 1 MiB is waiting; the stream is being closed. */
bool http_stream_write(struct http_stream *s, const void *data, size_t size);
/* Ends it from our side; closed() follows. */
void http_stream_end(struct http_stream *s);

#endif
