/* Argon2id takes some 100 ms by design, so it has one thread of its own with a bounded queue. */
#include "gateway.h"

#include "common/random.h"

#include <argon2.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { QUEUE_MAX = 256, OWN_MAX = 2, MEMORY_KIB = 65536, PASSES = 3, SALT = 16, HASH = 32, ENCODED_MAX = 256 };

struct job {
    struct job *next;
    char *password, *encoded;
    char who[ADDRESS_SIZE];
    bool first;
    char result[ENCODED_MAX];
    bool ok;
    password_fn done;
    void *user;
};

struct passwords {
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* todo, finished, queued, stop */
    pthread_cond_t work;
    struct job *todo, *finished;
    struct job *asked[QUEUE_MAX]; /* of the loop thread: all whose done() has not run */
    unsigned queued;
    bool stop;
};

static void job_free(struct job *j)
{
    if (j->password)
        explicit_bzero(j->password, strlen(j->password));
    free(j->password);
    free(j->encoded);
    free(j);
}

/* In front of the others, behind those who go first too. */
static void enqueue(struct job **at, struct job *j)
{
    while (*at && (!j->first || (*at)->first))
        at = &(*at)->next;
    j->next = *at;
    *at = j;
}

/* Of who, waiting or being worked on: until done() has run. */
static unsigned count_of(const struct passwords *p, const char *who)
{
    unsigned n = 0;
    for (size_t i = 0; i < QUEUE_MAX; i++)
        n += p->asked[i] && strcmp(p->asked[i]->who, who) == 0;
    return n;
}

static void note_asked(struct passwords *p, struct job *from, struct job *to)
{
    for (size_t i = 0; i < QUEUE_MAX; i++) {
        if (p->asked[i] == from) {
            p->asked[i] = to;
            return;
        }
    }
}

static void run_job(struct job *j)
{
    uint8_t salt[SALT];
    if (j->encoded) {
        j->ok = argon2id_verify(j->encoded, j->password, strlen(j->password)) == ARGON2_OK;
        return;
    }
    random_fill(salt, sizeof salt);
    j->ok = argon2id_hash_encoded(PASSES, MEMORY_KIB, 1, j->password, strlen(j->password), salt, SALT,
                                  HASH, j->result, sizeof j->result) == ARGON2_OK;
}

static void *work(void *user)
{
    struct passwords *p = user;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct job *j = p->todo;
        if (!j) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        p->todo = j->next;
        pthread_mutex_unlock(&p->lock);
        run_job(j);
        pthread_mutex_lock(&p->lock);
        j->next = p->finished;
        p->finished = j;
        uint64_t one = 1;
        if (write(p->fd, &one, sizeof one) < 0 && errno != EAGAIN)
            abort(); /* an eventfd that cannot be written does not exist */
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void on_finished(void *user, uint32_t events)
{
    (void)events;
    struct passwords *p = user;
    uint64_t n;
    if (read(p->fd, &n, sizeof n) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&p->lock);
    struct job *list = p->finished;
    p->finished = NULL;
    pthread_mutex_unlock(&p->lock);
    while (list) {
        struct job *j = list;
        list = j->next;
        p->queued--;
        note_asked(p, j, NULL);
        j->done(j->user, j->ok, j->result);
        job_free(j);
    }
}

struct passwords *passwords_new(struct loop *l)
{
    struct passwords *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->loop = l;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    p->watch = p->fd < 0 ? NULL : loop_watch(l, p->fd, EPOLLIN, on_finished, p);
    if (!p->watch || pthread_create(&p->thread, NULL, work, p) != 0) {
        loop_unwatch(l, p->watch);
        if (p->fd >= 0)
            close(p->fd);
        free(p);
        return NULL;
    }
    return p;
}

static void jobs_free(struct job *list)
{
    while (list) {
        struct job *j = list;
        list = j->next;
        job_free(j);
    }
}

void passwords_free(struct passwords *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    jobs_free(p->todo); /* nobody waits for them any more */
    jobs_free(p->finished);
    loop_unwatch(p->loop, p->watch);
    close(p->fd);
    free(p);
}

bool passwords_ask(struct passwords *p, const char *who, bool first, const char *password, const char *encoded,
                   password_fn done, void *user)
{
    if (p->queued == QUEUE_MAX || count_of(p, who) >= OWN_MAX)
        return false;
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return false;
    j->password = strdup(password);
    j->encoded = encoded ? strdup(encoded) : NULL;
    j->first = first;
    j->done = done;
    j->user = user;
    snprintf(j->who, sizeof j->who, "%s", who);
    p->queued++;
    note_asked(p, NULL, j);
    pthread_mutex_lock(&p->lock);
    enqueue(&p->todo, j);
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
    return true;
}
