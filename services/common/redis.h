/* One pipelined connection to Redis on the loop; reconnects by itself. hiredis 0.14 or newer. */
#ifndef BEISTAND_REDIS_H
#define BEISTAND_REDIS_H

#include "loop.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct redis;

/* reply is NULL when the connection was lost before an answer (the command may have run or not) and when Redis
 * says that it cannot answer now (loading its data, out of memory, …).
 * reply is owned by the library and valid during the call only. */
typedef void (*redis_fn)(void *user, const redisReply *reply);

/* url: redis://host:port[/db]. Starts connecting at once. It is ready when a Redis answers (a restarted one first loads
 * its data) whose data are known to be whole: REDIS_INSTANCE_KEY holds the run id of the process that answers. A
 * Redis that was started anew may have lost what the journal has; until it has been compared with it (by a sweeper, or
 * folded by `beistand-cli rebuild`) nothing is read from it or written to it. docs/decisions/0043-rebuild.md */
#define REDIS_INSTANCE_KEY "beistand:instance"
/* What stands before the run id in it when writes are missing. */
#define REDIS_BEHIND "behind "
struct redis *redis_new(struct loop *l, const char *url);
/* Ready as soon as a Redis answers: for whoever does the comparing. */
struct redis *redis_new_unchecked(struct loop *l, const char *url);
void redis_free(struct redis *r);
bool redis_ready(const struct redis *r);
/* Why not ready, for /readyz; NULL when ready. */
const char *redis_not_ready(const struct redis *r);
/* INFO's run_id of the process it is connected to; "" when not. */
const char *redis_instance_id(const struct redis *r);
/* How many times it has connected: subscribers may have missed something when this grows. */
unsigned redis_connections(const struct redis *r);

/* Of this connection, as Redis numbers them; 0 while it is not known. */
long long redis_client_id(const struct redis *r);

/* fn may be NULL. When not connected fn is called with NULL before this returns. */
void redis_command(struct redis *r, redis_fn fn, void *user, int argc, const char **argv,
                   const size_t *lengths);
/* Convenience: NUL-terminated arguments, ended by NULL. */
void redis_send(struct redis *r, redis_fn fn, void *user, ...) __attribute__((sentinel));
/* A command that is in Redis' own form already (RESP), for one with many arguments that are always the same. */
void redis_raw(struct redis *r, redis_fn fn, void *user, const char *command, size_t size);
/* Runs a script by its SHA-1 (EVALSHA). Each connection loads it before its first run, so that scripts run in the order of
 * the calls; on NOSCRIPT (SCRIPT FLUSH) it is loaded again, and then a later one may overtake. name: for logs. */
struct redis_script {
    const char *name;
    const char *text;
    char sha1[41]; /* filled at first use */
    const struct redis *loaded_by; /* the connection that has loaded it last */
    unsigned loaded_connection;    /* redis_connections() of then */
};
void redis_eval(struct redis *r, struct redis_script *s, redis_fn fn, void *user, int nkeys,
                int argc, const char **argv);
/* Subscribes this connection (it can do nothing else then) to one more channel, at most REDIS_CHANNELS_MAX.
 * fn gets every message's payload (a string; of Redis' own __redis__:invalidate an array, or nil); subscriptions are renewed after a reconnect. */
enum { REDIS_CHANNELS_MAX = 4 };
void redis_subscribe(struct redis *r, const char *channel, redis_fn fn, void *user);

/* The answer to HGETALL as an object of strings. NULL when the hash does not exist or there is no answer.
 * Owned by the caller. */
json_t *hash_object(const redisReply *reply);

#endif
