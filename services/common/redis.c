/* See redis.h. hiredis' async API with an epoll adapter of our own (loop.h). */
#include "redis.h"

#include "log.h"

#include <hiredis/async.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECONNECT_MS = 250, ASK_AGAIN_MS = 100, WATCH_MS = 1000, MAX_ARGS = 128, RUN_ID_SIZE = 41 };

/* UNKNOWN: connected, and not known to be whole yet. */
enum whole { UNKNOWN, BEHIND, WHOLE };

struct redis {
    struct loop *loop;
    char host[256];
    int port;
    int db;
    redisAsyncContext *ac;
    struct loop_watch *watch;
    uint32_t events;
    bool up;
    bool unchecked;
    enum whole whole;
    char run_id[RUN_ID_SIZE];
    unsigned connections;
    long long client_id;
    bool closing;
    struct loop_timer *retry, *flush;
    bool flush_due, flushing;
    struct {
        char *name;
        redis_fn fn;
        void *user;
    } channels[REDIS_CHANNELS_MAX];
    size_t n_channels;
};

struct pending {
    redis_fn fn;
    void *user;
};

/* ---- epoll adapter ---- */

static void on_fd(void *user, uint32_t events)
{
    struct redis *r = user;
    if (r->ac && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        redisAsyncHandleRead(r->ac);
    if (r->ac && (events & EPOLLOUT))
        redisAsyncHandleWrite(r->ac);
}

static void set_events(struct redis *r, uint32_t events)
{
    if (!r->ac || events == r->events)
        return;
    r->events = events;
    if (!r->watch)
        r->watch = loop_watch(r->loop, r->ac->c.fd, events, on_fd, r);
    else
        loop_rewatch(r->loop, r->watch, events);
}

static void add_read(void *p)
{
    struct redis *r = p;
    set_events(r, r->events | EPOLLIN);
}

static void del_read(void *p)
{
    struct redis *r = p;
    set_events(r, r->events & ~(uint32_t)EPOLLIN);
}

/* What a turn of the loop has to say goes out in one write behind it. */
static void flush(void *user)
{
    struct redis *r = user;
    r->flush_due = false;
    r->flushing = true;
    if (r->ac && (r->ac->c.flags & REDIS_CONNECTED))
        redisAsyncHandleWrite(r->ac);
    r->flushing = false;
}

/* Only what the socket did not take, and a connection that is being made, wait for it. */
static void add_write(void *p)
{
    struct redis *r = p;
    if ((r->events & EPOLLOUT) || r->flush_due)
        return;
    if (r->flushing || !r->ac || !(r->ac->c.flags & REDIS_CONNECTED)) {
        set_events(r, r->events | EPOLLOUT);
    } else {
        r->flush_due = true;
        loop_timer_set(r->flush, 0);
    }
}

static void del_write(void *p)
{
    struct redis *r = p;
    set_events(r, r->events & ~(uint32_t)EPOLLOUT);
}

static void cleanup(void *p)
{
    struct redis *r = p;
    loop_unwatch(r->loop, r->watch);
    r->watch = NULL;
    r->events = 0;
}

/* ---- connection ---- */

static void lost(struct redis *r)
{
    r->up = false;
    r->client_id = 0;
    r->ac = NULL;
    r->whole = UNKNOWN;
    r->run_id[0] = '\0';
    if (!r->closing)
        loop_timer_set(r->retry, RECONNECT_MS);
}

static void on_message(redisAsyncContext *ac, void *reply, void *user)
{
    (void)user;
    struct redis *r = ac->data;
    redisReply *m = reply;
    if (!m || m->type != REDIS_REPLY_ARRAY || m->elements != 3 || m->element[2]->type == REDIS_REPLY_INTEGER)
        return; /* an integer answers a SUBSCRIBE */
    for (size_t i = 0; i < r->n_channels; i++)
        if (strcmp(r->channels[i].name, m->element[1]->str) == 0)
            r->channels[i].fn(r->channels[i].user, m->element[2]);
}

static void set_up(struct redis *r)
{
    r->up = true;
    log_event(LOG_INFO, "redis_connected", "host", r->host, NULL);
}

static void on_info(redisAsyncContext *ac, void *answer, void *user)
{
    (void)user;
    struct redis *r = ac->data;
    const redisReply *reply = answer;
    const char *line = reply && reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "run_id:") : NULL;
    if (!line || sscanf(line, "run_id:%40[0-9a-f]", r->run_id) != 1)
        r->run_id[0] = '\0';
}

static enum whole judge(const struct redis *r, const redisReply *reply)
{
    const char *told = reply->type == REDIS_REPLY_STRING ? reply->str : "";
    if (strcmp(told, r->run_id) == 0)
        return WHOLE;
    bool behind = strncmp(told, REDIS_BEHIND, strlen(REDIS_BEHIND)) == 0;
    return behind && strcmp(told + strlen(REDIS_BEHIND), r->run_id) == 0 ? BEHIND : UNKNOWN;
}

/* Accepting connections it may still be loading: until it answers this it is not there. */
static void on_instance(redisAsyncContext *ac, void *answer, void *user)
{
    (void)user;
    struct redis *r = ac->data;
    const redisReply *reply = answer;
    if (!reply || r->closing)
        return;
    bool answered = reply->type != REDIS_REPLY_ERROR && r->run_id[0];
    r->whole = answered ? judge(r, reply) : UNKNOWN;
    bool good = answered && (r->whole == WHOLE || r->unchecked);
    if (!good && r->up) { /* a new connection: whoever remembers something of this Redis forgets it */
        log_event(LOG_ERROR, "redis_not_whole", "host", r->host, NULL);
        r->up = false;
        redisAsyncDisconnect(r->ac);
        return;
    }
    if (good && !r->up)
        set_up(r);
    if (!good || !r->unchecked)
        loop_timer_set(r->retry, good ? WATCH_MS : answered ? ASK_AGAIN_MS : RECONNECT_MS);
}

static void on_client_id(redisAsyncContext *ac, void *answer, void *user)
{
    (void)user;
    struct redis *r = ac->data;
    const redisReply *reply = answer;
    r->client_id = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

/* Asked again while it is used: somebody may empty it as it runs. */
static void probe(struct redis *r)
{
    if (!r->run_id[0])
        redisAsyncCommand(r->ac, on_info, NULL, "INFO server");
    redisAsyncCommand(r->ac, on_instance, NULL, "GET " REDIS_INSTANCE_KEY);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct redis *r = ac->data;
    if (status != REDIS_OK) {
        log_event(LOG_WARN, "redis_connect_failed", "error", ac->errstr, NULL);
        cleanup(r);
        lost(r);
        return;
    }
    r->connections++;
    if (r->n_channels > 0)
        set_up(r);
    else
        probe(r);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct redis *r = ac->data;
    log_event(status == REDIS_OK ? LOG_INFO : LOG_WARN, "redis_disconnected", "error",
              ac->errstr ? ac->errstr : "", NULL);
    lost(r);
}

static void connect_now(void *user)
{
    struct redis *r = user;
    if (r->ac && r->n_channels > 0)
        return; /* a subscriber can ask nothing */
    if (r->ac) {
        probe(r);
        return;
    }
    redisAsyncContext *ac = redisAsyncConnect(r->host, r->port);
    if (!ac || ac->err) {
        log_event(LOG_WARN, "redis_connect_failed", "error", ac ? ac->errstr : "no memory", NULL);
        if (ac)
            redisAsyncFree(ac);
        loop_timer_set(r->retry, RECONNECT_MS);
        return;
    }
    r->ac = ac;
    ac->data = r;
    ac->ev.data = r;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = cleanup;
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    if (r->db)
        redisAsyncCommand(ac, NULL, NULL, "SELECT %d", r->db);
    redisAsyncCommand(ac, on_client_id, NULL, "CLIENT ID");
    for (size_t i = 0; i < r->n_channels; i++)
        redisAsyncCommand(ac, on_message, NULL, "SUBSCRIBE %s", r->channels[i].name);
}

static struct redis *open_redis(struct loop *l, const char *url, bool unchecked)
{
    struct redis *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->loop = l;
    r->unchecked = unchecked;
    r->port = 6379;
    if (sscanf(url, "redis://%255[^:/]:%d/%d", r->host, &r->port, &r->db) < 1) {
        log_event(LOG_ERROR, "redis_url_invalid", NULL);
        free(r);
        return NULL;
    }
    if (strcmp(r->host, "localhost") == 0)
        snprintf(r->host, sizeof r->host, "127.0.0.1");
    r->retry = loop_timer_new(l, connect_now, r);
    r->flush = loop_timer_new(l, flush, r);
    connect_now(r);
    return r;
}

struct redis *redis_new(struct loop *l, const char *url)
{
    return open_redis(l, url, false);
}

struct redis *redis_new_unchecked(struct loop *l, const char *url)
{
    return open_redis(l, url, true);
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    r->closing = true;
    if (r->ac)
        redisAsyncFree(r->ac);
    loop_timer_free(r->retry);
    loop_timer_free(r->flush);
    for (size_t i = 0; i < r->n_channels; i++)
        free(r->channels[i].name);
    free(r);
}

bool redis_ready(const struct redis *r)
{
    return r->up;
}

const char *redis_not_ready(const struct redis *r)
{
    if (r->up)
        return NULL;
    if (r->whole == BEHIND)
        return "redis has lost writes that the journal has: run beistand-cli rebuild";
    return r->run_id[0] ? "redis has not been compared with the journal yet" : "redis is not reachable";
}

const char *redis_instance_id(const struct redis *r)
{
    return r->run_id;
}

unsigned redis_connections(const struct redis *r)
{
    return r->connections;
}

long long redis_client_id(const struct redis *r)
{
    return r->client_id;
}

/* ---- commands ---- */

/* Nothing was done, and the same command will do later. */
static bool is_not_now(const redisReply *reply)
{
    static const char *const codes[] = {"LOADING ", "BUSY ", "OOM ", "MISCONF ", "READONLY ", "MASTERDOWN ",
                                        "TRYAGAIN ", "CLUSTERDOWN ", "NOREPLICAS "};
    if (!reply || reply->type != REDIS_REPLY_ERROR)
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strncmp(reply->str, codes[i], strlen(codes[i])) == 0)
            return true;
    return false;
}

static void on_reply(redisAsyncContext *ac, void *answer, void *user)
{
    (void)ac;
    struct pending *p = user;
    const redisReply *reply = answer;
    if (is_not_now(reply)) {
        log_event(LOG_WARN, "redis_not_now", "error", reply->str, NULL);
        reply = NULL;
    }
    if (p->fn)
        p->fn(p->user, reply);
    free(p);
}

void redis_command(struct redis *r, redis_fn fn, void *user, int argc, const char **argv,
                   const size_t *lengths)
{
    struct pending *p = r->up && r->ac ? malloc(sizeof *p) : NULL;
    if (p) {
        *p = (struct pending){fn, user};
        if (redisAsyncCommandArgv(r->ac, on_reply, p, argc, argv, lengths) == REDIS_OK)
            return;
        free(p);
    }
    if (fn)
        fn(user, NULL);
}

void redis_raw(struct redis *r, redis_fn fn, void *user, const char *command, size_t size)
{
    struct pending *p = r->up && r->ac ? malloc(sizeof *p) : NULL;
    if (p) {
        *p = (struct pending){fn, user};
        if (redisAsyncFormattedCommand(r->ac, on_reply, p, command, size) == REDIS_OK)
            return;
        free(p);
    }
    if (fn)
        fn(user, NULL);
}

void redis_send(struct redis *r, redis_fn fn, void *user, ...)
{
    const char *argv[MAX_ARGS];
    int argc = 0;
    va_list ap;
    va_start(ap, user);
    for (const char *a = va_arg(ap, const char *); a && argc < MAX_ARGS; a = va_arg(ap, const char *))
        argv[argc++] = a;
    va_end(ap);
    redis_command(r, fn, user, argc, argv, NULL);
}

struct eval {
    struct redis *r;
    struct redis_script *script;
    redis_fn fn;
    void *user;
    int argc;
    bool loaded;
    char *argv[MAX_ARGS + 3];
};

static void eval_free(struct eval *e)
{
    for (int i = 0; i < e->argc; i++)
        free(e->argv[i]);
    free(e);
}

static void on_eval(void *user, const redisReply *reply)
{
    struct eval *e = user;
    if (reply && reply->type == REDIS_REPLY_ERROR && !e->loaded &&
        strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        e->loaded = true;
        redis_send(e->r, NULL, NULL, "SCRIPT", "LOAD", e->script->text, NULL);
        redis_command(e->r, on_eval, e, e->argc, (const char **)e->argv, NULL);
        return;
    }
    if (reply && reply->type == REDIS_REPLY_ERROR)
        log_event(LOG_ERROR, "script_failed", "script", e->script->name, "error", reply->str, NULL);
    if (e->fn)
        e->fn(e->user, reply);
    eval_free(e);
}

static void script_sha1(struct redis_script *s)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)s->text, strlen(s->text), digest);
    for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
        snprintf(s->sha1 + 2 * i, 3, "%02x", digest[i]);
}

static void load_once(struct redis *r, struct redis_script *s)
{
    if (!r->up || (s->loaded_by == r && s->loaded_connection == r->connections))
        return;
    redis_send(r, NULL, NULL, "SCRIPT", "LOAD", s->text, NULL);
    s->loaded_by = r;
    s->loaded_connection = r->connections;
}

void redis_eval(struct redis *r, struct redis_script *s, redis_fn fn, void *user, int nkeys,
                int argc, const char **argv)
{
    struct eval *e = calloc(1, sizeof *e);
    if (!e || argc > MAX_ARGS) {
        free(e);
        if (fn)
            fn(user, NULL);
        return;
    }
    if (!s->sha1[0])
        script_sha1(s);
    load_once(r, s);
    char count[16];
    snprintf(count, sizeof count, "%d", nkeys);
    *e = (struct eval){.r = r, .script = s, .fn = fn, .user = user, .argc = argc + 3};
    e->argv[0] = strdup("EVALSHA");
    e->argv[1] = strdup(s->sha1);
    e->argv[2] = strdup(count);
    for (int i = 0; i < argc; i++)
        e->argv[i + 3] = strdup(argv[i]);
    redis_command(r, on_eval, e, e->argc, (const char **)e->argv, NULL);
}

void redis_subscribe(struct redis *r, const char *channel, redis_fn fn, void *user)
{
    if (r->n_channels == REDIS_CHANNELS_MAX)
        abort(); /* a constant of the program */
    r->channels[r->n_channels].name = strdup(channel);
    r->channels[r->n_channels].fn = fn;
    r->channels[r->n_channels++].user = user;
    if (r->ac)
        redisAsyncCommand(r->ac, on_message, NULL, "SUBSCRIBE %s", channel);
}

json_t *hash_object(const redisReply *reply)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
        return NULL;
    json_t *object = json_object();
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        json_object_set_new(object, reply->element[i]->str,
                            json_stringn(reply->element[i + 1]->str, reply->element[i + 1]->len));
    return object;
}
