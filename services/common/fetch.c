/* See fetch.h. */
#include "fetch.h"

#include "address.h"
#include "log.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fetcher {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct job *jobs;
    bool allow_private, allow_http;
    long timeout_ms;
    const char *ca_file; /* "" none */
    size_t running;
};

struct job {
    struct job *next;
    struct fetcher *fetcher;
    CURL *easy;
    fetch_fn done;
    void *user;
    struct curl_slist *headers;
    char *answer;
    size_t size, keep, dropped;
    bool refused; /* an address was, as not public */
    char error[CURL_ERROR_SIZE];
};

static const char not_public[] = "the address is not public";

struct watched {
    struct loop_watch *watch;
    struct fetcher *fetcher;
    curl_socket_t fd;
};

/* ---- libcurl's sockets and timer in our loop ---- */

static void settle(struct fetcher *f);

static void act(struct fetcher *f, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(f->multi, fd, events, &running);
    settle(f);
}

static void on_fd(void *user, uint32_t events)
{
    const struct watched *w = user;
    int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    act(w->fetcher, w->fd, what);
}

static void on_timer(void *user)
{
    act(user, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    (void)easy;
    struct fetcher *f = user;
    struct watched *w = socket_user;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            loop_unwatch(f->loop, w->watch);
        curl_multi_assign(f->multi, fd, NULL);
        free(w);
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (w) {
        loop_rewatch(f->loop, w->watch, events);
        return 0;
    }
    w = calloc(1, sizeof *w);
    if (!w)
        return -1;
    *w = (struct watched){.fetcher = f, .fd = fd};
    w->watch = loop_watch(f->loop, fd, events, on_fd, w);
    curl_multi_assign(f->multi, fd, w);
    return 0;
}

static int on_timeout(CURLM *multi, long ms, void *user)
{
    (void)multi;
    struct fetcher *f = user;
    loop_timer_set(f->timer, ms);
    return 0;
}

/* ---- one request ---- */

static void job_free(struct job *j)
{
    struct fetcher *f = j->fetcher;
    struct job **at = &f->jobs;
    while (*at && *at != j)
        at = &(*at)->next;
    if (*at)
        *at = j->next;
    f->running--;
    curl_multi_remove_handle(f->multi, j->easy);
    curl_easy_cleanup(j->easy);
    curl_slist_free_all(j->headers);
    free(j->answer);
    free(j);
}

static void settle(struct fetcher *f)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(f->multi, &left))) {
        struct job *j = NULL;
        long status = 0;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode result = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &j);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (result == CURLE_OK)
            j->done(j->user, status, j->answer ? j->answer : "", j->size);
        else
            j->done(j->user, 0, j->refused ? not_public : j->error[0] ? j->error : curl_easy_strerror(result), 0);
        job_free(j);
    }
}

static size_t on_data(char *data, size_t one, size_t n, void *user)
{
    struct job *j = user;
    size_t size = one * n, given = size;
    if (size > FETCH_ANSWER_MAX - j->size - j->dropped)
        return 0; /* ends the request */
    if (j->keep && size > j->keep - j->size)
        size = j->keep - j->size;
    j->dropped += given - size;
    char *grown = realloc(j->answer, j->size + size + 1);
    if (!grown)
        return 0;
    memcpy(grown + j->size, data, size);
    j->answer = grown;
    j->size += size;
    grown[j->size] = '\0';
    return given;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct job *j = user;
    (void)purpose;
    if (!j->fetcher->allow_private && !address_is_public(&address->addr)) {
        log_event(LOG_WARN, "fetch_refused", "why", not_public, NULL);
        j->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_up(struct job *j, const struct fetch_request *r)
{
    CURL *e = j->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK;
    curl_easy_setopt(e, CURLOPT_PRIVATE, j);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, j->error);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, j);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, j);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, j->fetcher->allow_http ? "http,https" : "https");
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* a proxy would resolve and connect in our place */
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, j->fetcher->timeout_ms);
    if (*j->fetcher->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, j->fetcher->ca_file);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "Beistand");
    if (r->form || r->json)
        ok = ok && curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, r->form ? r->form : r->json) == CURLE_OK;
    if (r->json)
        j->headers = curl_slist_append(j->headers, "Content-Type: application/json");
    for (const char *const *h = r->headers; h && *h; h++)
        j->headers = curl_slist_append(j->headers, *h);
    if (j->headers)
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, j->headers);
    if (r->user) {
        curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(e, CURLOPT_USERNAME, r->user);
        curl_easy_setopt(e, CURLOPT_PASSWORD, r->password);
    }
    if (r->bearer) {
        curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, r->bearer);
    }
    return ok;
}

/* libcurl is started by the first request: many a gateway never makes one, and would hold its memory for nothing. */
static bool start_curl(struct fetcher *f)
{
    if (f->multi)
        return true;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(f->multi = curl_multi_init()))
        return false;
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    return true;
}

bool fetch(struct fetcher *f, const struct fetch_request *r, fetch_fn done, void *user)
{
    struct job *j = f->running < FETCH_MAX && start_curl(f) ? calloc(1, sizeof *j) : NULL;
    if (!j)
        return false;
    *j = (struct job){.fetcher = f, .done = done, .user = user, .next = f->jobs, .keep = r->keep};
    j->easy = curl_easy_init();
    if (!j->easy || !set_up(j, r)) {
        curl_easy_cleanup(j->easy);
        curl_slist_free_all(j->headers);
        free(j);
        return false;
    }
    f->jobs = j;
    f->running++;
    curl_multi_add_handle(f->multi, j->easy);
    return true;
}

struct fetcher *fetcher_new(struct loop *l, bool allow_private)
{
    struct fetcher *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    *f = (struct fetcher){.loop = l, .allow_private = allow_private, .allow_http = allow_private,
                          .timeout_ms = FETCH_TIMEOUT_MS, .ca_file = ""};
    f->timer = loop_timer_new(l, on_timer, f);
    if (!f->timer) {
        fetcher_free(f);
        return NULL;
    }
    return f;
}

void fetcher_tune(struct fetcher *f, bool allow_http, long timeout_ms, const char *ca_file)
{
    f->allow_http = allow_http;
    f->timeout_ms = timeout_ms;
    f->ca_file = ca_file;
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    while (f->jobs)
        job_free(f->jobs);
    if (f->multi)
        curl_multi_cleanup(f->multi);
    loop_timer_free(f->timer);
    free(f);
}
