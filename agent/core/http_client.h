/* One HTTP/1.1 request with a JSON body over a net connection, without blocking. Answers are bounded. */
#ifndef BEISTAND_HTTP_CLIENT_H
#define BEISTAND_HTTP_CLIENT_H

#include "net.h"

enum { HTTP_REQUEST_MAX = 16384, HTTP_ANSWER_MAX = 262144, HTTP_TIMEOUT_MS = 30000 };

struct origin {
    char host[256];
    uint16_t port;
    char authority[272]; /* host[:port] as in the Host header */
};
/* "https://host[:port]"; 0, or -1. */
int origin_parse(struct origin *out, const char *text);

/* Value of a header in a head whose lines end with CRLF and which ends with an empty line or NUL; *n gets its size without
 * the blanks around it. NULL: absent. */
const char *http_find_header(const char *head, const char *name, size_t *n);

#define HTTP_NOT_HTTP "the answer is not HTTP" /* error of an answer that came and is none */

struct http_header {
    const char *name, *value; /* value NULL: left out */
};

struct http_client {
    struct net *net;
    char request[HTTP_REQUEST_MAX];
    size_t request_size, sent;
    char *answer; /* grows to HTTP_ANSWER_MAX */
    size_t answer_size, capacity;
    int64_t deadline;
    /* Result: */
    int status;       /* 0 while running; -1: no answer (see error) */
    const char *body; /* NUL-terminated, within answer */
    size_t body_size;
    char error[160];
};

/* body NULL: none. headers end with a name NULL. 0, or -1 when it does not fit. */
int http_client_start(struct http_client *c, const struct origin *origin, const char *method, const char *path,
                      const struct http_header *headers, const char *body);
/* Goes on; true when there is a result. */
bool http_client_poll(struct http_client *c);
bool http_client_wants_write(const struct http_client *c);
/* Frees everything; c may be used again. */
void http_client_close(struct http_client *c);

#endif
