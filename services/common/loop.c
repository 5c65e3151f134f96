/* See loop.h. Timers are a sorted list: a service has a handful, not thousands. */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 128 };

struct loop_watch {
    int fd;
    loop_fd_fn fn;
    void *user;
    bool dead;
    struct loop_watch *next_dead;
};

struct loop_timer {
    struct loop *loop;
    loop_fn fn;
    void *user;
    int64_t due; /* -1: not armed */
    struct loop_timer *next;
};

struct loop {
    int epoll;
    bool stopped;
    int64_t now;
    struct loop_watch *dead;
    struct loop_timer *armed; /* by due time */
    int signal_fd;
    struct loop_watch *signal_watch;
    loop_fn terminate;
    void *terminate_user;
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t wall_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t loop_now_ms(const struct loop *l)
{
    return l->now;
}

static sigset_t terminate_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->signal_fd = -1;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0) {
        free(l);
        return NULL;
    }
    l->now = clock_ms(CLOCK_MONOTONIC);
    /* Before any library starts a thread: threads inherit the mask, and SIGTERM is the loop's. */
    sigset_t set = terminate_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return l;
}

static void bury(struct loop *l)
{
    while (l->dead) {
        struct loop_watch *w = l->dead;
        l->dead = w->next_dead;
        free(w);
    }
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->signal_watch)
        loop_unwatch(l, l->signal_watch);
    if (l->signal_fd >= 0)
        close(l->signal_fd);
    bury(l);
    close(l->epoll);
    free(l);
}

static int next_timeout(const struct loop *l)
{
    if (!l->armed)
        return -1;
    int64_t wait = l->armed->due - clock_ms(CLOCK_MONOTONIC);
    if (wait < 0)
        return 0;
    return wait > 3600000 ? 3600000 : (int)wait;
}

static void run_timers(struct loop *l)
{
    while (l->armed && l->armed->due <= l->now) {
        struct loop_timer *t = l->armed;
        l->armed = t->next;
        t->due = -1;
        t->fn(t->user);
    }
}

void loop_run(struct loop *l)
{
    struct epoll_event events[EVENTS_PER_TURN];
    while (!l->stopped) {
        int n = epoll_wait(l->epoll, events, EVENTS_PER_TURN, next_timeout(l));
        l->now = clock_ms(CLOCK_MONOTONIC);
        for (int i = 0; i < n; i++) {
            struct loop_watch *w = events[i].data.ptr;
            if (!w->dead)
                w->fn(w->user, events[i].events);
        }
        run_timers(l);
        bury(l);
    }
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}

struct loop_watch *loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *user)
{
    struct loop_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->fd = fd;
    w->fn = fn;
    w->user = user;
    struct epoll_event e = {.events = events, .data.ptr = w};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
        free(w);
        return NULL;
    }
    return w;
}

int loop_rewatch(struct loop *l, struct loop_watch *w, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = w};
    return epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &e);
}

void loop_unwatch(struct loop *l, struct loop_watch *w)
{
    if (!w || w->dead)
        return;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    w->dead = true;
    w->next_dead = l->dead;
    l->dead = w;
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *user)
{
    struct loop_timer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->loop = l;
    t->fn = fn;
    t->user = user;
    t->due = -1;
    return t;
}

static void disarm(struct loop_timer *t)
{
    if (t->due < 0)
        return;
    for (struct loop_timer **at = &t->loop->armed; *at; at = &(*at)->next) {
        if (*at == t) {
            *at = t->next;
            break;
        }
    }
    t->due = -1;
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
    disarm(t);
    if (delay_ms < 0)
        return;
    t->due = clock_ms(CLOCK_MONOTONIC) + delay_ms;
    struct loop_timer **at = &t->loop->armed;
    while (*at && (*at)->due <= t->due)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    disarm(t);
    free(t);
}

static void on_signal(void *user, uint32_t events)
{
    (void)events;
    struct loop *l = user;
    struct signalfd_siginfo info;
    while (read(l->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        l->terminate(l->terminate_user);
}

int loop_on_terminate(struct loop *l, loop_fn fn, void *user)
{
    sigset_t set = terminate_signals();
    l->terminate = fn;
    l->terminate_user = user;
    l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (l->signal_fd < 0)
        return -1;
    l->signal_watch = loop_watch(l, l->signal_fd, EPOLLIN, on_signal, l);
    return l->signal_watch ? 0 : -1;
}
