/* One epoll loop per process: file descriptors, one-shot timers, signals. Everything runs on the
 * thread that calls loop_run() ("loop thread"). Nothing here blocks outside epoll_wait(). */
#ifndef BEISTAND_LOOP_H
#define BEISTAND_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;
struct loop_watch;
struct loop_timer;

/* events: EPOLLIN/EPOLLOUT/EPOLLHUP/EPOLLERR as reported by epoll_wait(2). */
typedef void (*loop_fd_fn)(void *user, uint32_t events);
typedef void (*loop_fn)(void *user);

/* NULL when epoll or timerfd cannot be had (errno is set). Owned by the caller. */
struct loop *loop_new(void);
void loop_free(struct loop *l);

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* CLOCK_MONOTONIC in milliseconds, read once per turn of the loop. */
int64_t loop_now_ms(const struct loop *l);
/* CLOCK_REALTIME in milliseconds since the epoch. */
int64_t wall_now_ms(void);

/* Level-triggered. The watch is owned by the loop until loop_unwatch(); the fd stays the caller's.
 * loop_unwatch() is safe inside callbacks (freed at the end of the turn); call it before close(). */
struct loop_watch *loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *user);
int loop_rewatch(struct loop *l, struct loop_watch *w, uint32_t events);
void loop_unwatch(struct loop *l, struct loop_watch *w);

/* One-shot timers; set again to repeat. loop_timer_set(t, -1) disarms. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *user);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
void loop_timer_free(struct loop_timer *t);

/* fn runs once per SIGTERM or SIGINT (signalfd; the signals are blocked from here on). */
int loop_on_terminate(struct loop *l, loop_fn fn, void *user);

#endif
