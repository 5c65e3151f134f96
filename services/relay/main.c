/* beistand-relay: see relay.h and README.md. */
#include "relay.h"

#include "common/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_PER_TURN = 64, DRAIN_POLL_MS = 100 };

static struct relay relay;
static struct loop_timer *drained;

#define S relay.settings
static const struct setting settings[] = {
    {"REDIS_URL", SETTING_TEXT, &S.redis_url, "redis://127.0.0.1:6379", 0, 0, "state"},
    {"HEALTH_LISTEN", SETTING_TEXT, &S.health_listen, "127.0.0.1:9106", 0, 0, "host:port of the health endpoints"},
    {"LOG_LEVEL", SETTING_TEXT, &S.log_level, "info", 0, 0, "debug, info, warn or error"},
    {"RELAY_LISTEN", SETTING_TEXT, &S.listen, "127.0.0.1:8083", 0, 0, "host:port, behind the edge"},
    {"PUBLIC_ORIGIN", SETTING_TEXT, &S.origin, NULL, 0, 0, "https://host[:port]: the only Origin a browser may come from"},
    {"RELAY_NODE", SETTING_TEXT, &S.node, "relay", 0, 0, "name of this relay, unique among all"},
    {"CONNECTIONS_MAX", SETTING_NUMBER, &S.connections_max, "4096", 1, 1000000, "sockets at once"},
    {"PEER_WAIT_MS", SETTING_NUMBER, &S.peer_wait_ms, "15000", 100, 60000, "how long one side waits for the other"},
};
#undef S

static const char *not_ready(void *user)
{
    struct relay *r = user;
    const char *why = redis_not_ready(r->redis);
    if (!why)
        why = redis_not_ready(r->ended) ? redis_not_ready(r->ended) : redis_not_ready(r->offers);
    return why;
}

static void on_accept(void *user, uint32_t events)
{
    (void)events;
    struct relay *r = user;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int on = 1;
        int fd = accept4(r->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        conn_accepted(r, fd);
    }
}

static int open_listener(struct relay *r)
{
    char host[64];
    unsigned port;
    int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET};
    if (sscanf(r->settings.listen, "%63[^:]:%u", host, &port) != 2 || port > 65535 ||
        inet_pton(AF_INET, host, &a.sin_addr) != 1)
        return -1;
    a.sin_port = htons((uint16_t)port);
    r->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->listen_fd < 0)
        return -1;
    setsockopt(r->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(r->listen_fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(r->listen_fd, 1024) != 0)
        return -1;
    r->listener = loop_watch(r->service.loop, r->listen_fd, EPOLLIN, on_accept, r);
    return r->listener ? 0 : -1;
}

/* Payload: "{sid} {reason}". */
static void on_ended(void *user, const redisReply *reply)
{
    char session[ID_SIZE], reason[65];
    if (reply && sscanf(reply->str, "%26s %64[a-z_]", session, reason) == 2)
        session_ended(user, session, reason);
}

/* Payload: "{sid} {tid}". */
static void on_handed(void *user, const redisReply *reply)
{
    char session[ID_SIZE], technician[ID_SIZE];
    if (reply && sscanf(reply->str, "%26s %26s", session, technician) == 2)
        session_handed_over(user, session, technician);
}

/* Payload: the id of a sign-in, an API key, a person or a company (whose sessions end by themselves). */
static void on_revoked(void *user, const redisReply *reply)
{
    if (reply && *reply->str)
        viewers_revoked(user, reply->str);
}

static void on_offer(void *user, const redisReply *reply)
{
    if (reply)
        control_offer(user, reply->str);
}

static void check_drained(void *user)
{
    struct relay *r = user;
    if (HASH_COUNT(r->conns) == 0)
        service_stopped(&r->service);
    else
        loop_timer_set(drained, DRAIN_POLL_MS);
}

/* Programs and viewers are sent elsewhere; their streams go on there. */
static void drain(void *user)
{
    struct relay *r = user;
    static const char text[] = "{\"type\":\"drain\"}";
    loop_unwatch(r->service.loop, r->listener);
    r->listener = NULL;
    for (struct conn *c = r->conns, *next; c; c = next) {
        next = c->hh.next;
        if (c->kind == CONN_CONTROL && c->state == STATE_OPEN)
            conn_send_text(c, text, sizeof text - 1);
        conn_close(c, 1012, "restart");
    }
    loop_timer_set(drained, DRAIN_POLL_MS);
}

static int start(struct relay *r)
{
    struct loop *l = r->service.loop = loop_new();
    r->listen_fd = -1;
    if (!l)
        return -1;
    drained = loop_timer_new(l, check_drained, r);
    r->sweep = loop_timer_new(l, sweep, r);
    r->redis = redis_new(l, r->settings.redis_url);
    r->ended = redis_new(l, r->settings.redis_url);
    r->offers = redis_new(l, r->settings.redis_url);
    if (!r->redis || !r->ended || !r->offers)
        return -1;
    if (open_listener(r) != 0) {
        log_event(LOG_ERROR, "listener_failed", "listen", r->settings.listen, "error", strerror(errno), NULL);
        return -1;
    }
    store_subscribe(r, on_ended, on_handed, on_revoked, on_offer);
    loop_timer_set(r->sweep, SWEEP_MS);
    return service_start(&r->service, r->settings.health_listen);
}

int main(int argc, char **argv)
{
    struct relay *r = &relay;
    r->service = (struct service){.name = "relay", .not_ready = not_ready, .drain = drain, .user = r};
    if (settings_load(settings, sizeof settings / sizeof *settings, argc, argv) != 0)
        return 2;
    log_init("relay", log_level_named(r->settings.log_level));
    int status = start(r);
    if (status == 0)
        loop_run(r->service.loop);
    while (r->conns)
        conn_free(r->conns);
    redis_free(r->redis);
    redis_free(r->ended);
    redis_free(r->offers);
    loop_timer_free(r->sweep);
    loop_timer_free(drained);
    if (r->listen_fd >= 0)
        close(r->listen_fd);
    service_cleanup(&r->service);
    return status == 0 ? 0 : 1;
}
