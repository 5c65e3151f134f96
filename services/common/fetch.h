/* HTTP requests to other people's servers on the loop (libcurl's multi interface; names are resolved by its own threads).
 * Bounded in number, time and size; redirects are not followed; TLS certificates are checked; addresses that are not public
 * (address.h) are refused when the socket is made, whatever the name resolved to. */
#ifndef BEISTAND_FETCH_H
#define BEISTAND_FETCH_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>

enum { FETCH_MAX = 64, FETCH_ANSWER_MAX = 262144, FETCH_TIMEOUT_MS = 10000 };

struct fetcher;

struct fetch_request {
    const char *url;
    const char *form;             /* body of a POST (application/x-www-form-urlencoded); NULL: GET */
    const char *json;             /* body of a POST (application/json) instead; NULL: none */
    const char *const *headers;   /* further "Name: value", ended by NULL; NULL: none */
    size_t keep;                  /* bytes of the answer to keep, the rest is read and dropped; 0: a longer one is an error */
    const char *user, *password;  /* HTTP basic authentication; NULL: none */
    const char *bearer;           /* access token; NULL: none */
};

/* status 0: no answer; body is then a short reason. body is NUL-terminated and valid during the call. */
typedef void (*fetch_fn)(void *user, long status, const char *body, size_t size);

/* allow_private: also plain http and addresses that are not public. NULL without memory. */
struct fetcher *fetcher_new(struct loop *l, bool allow_private);
/* What differs from that and from FETCH_TIMEOUT_MS. ca_file: authorities instead of
 * the system's, "" for these (kept, not copied). */
void fetcher_tune(struct fetcher *f, bool allow_http, long timeout_ms, const char *ca_file);
void fetcher_free(struct fetcher *f); /* what runs is dropped without an answer */
/* Copies the request. done runs once, later; false (and done does not run) when FETCH_MAX are running or
 * libcurl cannot be started. */
bool fetch(struct fetcher *f, const struct fetch_request *r, fetch_fn done, void *user);

#endif
