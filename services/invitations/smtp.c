/* SMTP by libcurl, which blocks: so it has a thread and a bounded queue (what does not fit is tried later). */
#include "invitations.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { QUEUE_MAX = 256, TIMEOUT_SECONDS = 30 };

struct job {
    struct job *next;
    char from[256], to[256], error[160];
    char *message;
    size_t sent;
    enum smtp_result result;
    smtp_fn done;
    void *user;
};

struct smtp {
    struct loop *loop;
    struct loop_watch *watch;
    char *url;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* todo, finished, stop */
    pthread_cond_t work;
    struct job *todo, *finished;
    unsigned queued; /* loop thread */
    bool stop;
};

static size_t read_message(char *out, size_t size, size_t n, void *user)
{
    struct job *j = user;
    size_t left = strlen(j->message + j->sent);
    size_t part = size * n < left ? size * n : left;
    memcpy(out, j->message + j->sent, part);
    j->sent += part;
    return part;
}

/* 5yz answers are for good (RFC 5321 section 4.2.1), everything else is tried again. */
static void run_job(const struct smtp *s, struct job *j)
{
    CURL *c = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, j->to);
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;
    j->result = SMTP_LATER;
    if (c && to) {
        curl_easy_setopt(c, CURLOPT_URL, s->url);
        curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
        curl_easy_setopt(c, CURLOPT_MAIL_FROM, j->from);
        curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
        curl_easy_setopt(c, CURLOPT_READFUNCTION, read_message);
        curl_easy_setopt(c, CURLOPT_READDATA, j);
        curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
        curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
        CURLcode e = curl_easy_perform(c);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
        j->result = e == CURLE_OK ? SMTP_SENT : code >= 500 && code < 600 ? SMTP_REJECTED : SMTP_LATER;
        snprintf(j->error, sizeof j->error, "%ld %s", code, *error ? error : curl_easy_strerror(e));
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(c);
}

static void *work(void *user)
{
    struct smtp *s = user;
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct job *j = s->todo;
        if (!j) {
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        s->todo = j->next;
        pthread_mutex_unlock(&s->lock);
        run_job(s, j);
        pthread_mutex_lock(&s->lock);
        j->next = s->finished;
        s->finished = j;
        uint64_t one = 1;
        if (write(s->fd, &one, sizeof one) < 0 && errno != EAGAIN)
            abort(); /* an eventfd that cannot be written does not exist */
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void on_finished(void *user, uint32_t events)
{
    (void)events;
    struct smtp *s = user;
    uint64_t n;
    if (read(s->fd, &n, sizeof n) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&s->lock);
    struct job *list = s->finished;
    s->finished = NULL;
    pthread_mutex_unlock(&s->lock);
    while (list) {
        struct job *j = list;
        list = j->next;
        s->queued--;
        j->done(j->user, j->result, j->error);
        free(j->message);
        free(j);
    }
}

struct smtp *smtp_new(struct loop *l, const char *url)
{
    struct smtp *s = calloc(1, sizeof *s);
    if (!s || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(s);
        return NULL;
    }
    s->loop = l;
    s->url = strdup(url);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->watch = s->fd < 0 ? NULL : loop_watch(l, s->fd, EPOLLIN, on_finished, s);
    if (!s->url || !s->watch || pthread_create(&s->thread, NULL, work, s) != 0) {
        loop_unwatch(l, s->watch);
        free(s->url);
        free(s);
        return NULL;
    }
    return s;
}

static void jobs_free(struct job *list)
{
    while (list) {
        struct job *j = list;
        list = j->next;
        free(j->message);
        free(j);
    }
}

void smtp_free(struct smtp *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    /* Their events are not acknowledged: whoever gets the partition sends them. */
    jobs_free(s->todo);
    jobs_free(s->finished);
    loop_unwatch(s->loop, s->watch);
    close(s->fd);
    free(s->url);
    free(s);
}

void smtp_send(struct smtp *s, const char *from, const char *to, char *message, smtp_fn done, void *user)
{
    struct job *j = message && s->queued < QUEUE_MAX ? calloc(1, sizeof *j) : NULL;
    if (!j) {
        free(message);
        done(user, SMTP_LATER, "the queue is full");
        return;
    }
    snprintf(j->from, sizeof j->from, "%s", from);
    snprintf(j->to, sizeof j->to, "%s", to);
    j->message = message;
    j->done = done;
    j->user = user;
    s->queued++;
    pthread_mutex_lock(&s->lock);
    struct job **at = &s->todo;
    while (*at)
        at = &(*at)->next;
    *at = j;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}
