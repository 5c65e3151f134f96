/* Licensing decides: limits, seats, plans and permissions at creation, the next invitation, what is due.
 * One command from beistand.commands is one run of one transition; the decision itself is in proto/lua. */
#ifndef BEISTAND_LICENSING_H
#define BEISTAND_LICENSING_H

#include "common/derive.h"
#include "common/kafka.h"
#include "common/redis.h"
#include "common/service.h"

#include <jansson.h>

struct licensing {
    struct service service;
    struct redis *redis;
    struct kafka *kafka;
    struct secret_keys *keys;
};

/* A command in work. Lives until command_finish(). */
struct command {
    struct licensing *licensing;
    struct loop_timer *retry;
    json_t *json;
    char *text;
    size_t size;       /* of text */
    char *letter;      /* its dead letter, while that is being written: nobody can handle it */
    const char *session;
    const struct verb *verb;
    unsigned generation; /* reinvite: the one being tried */
    int bucket;
    char topic[64];
    int32_t partition;
    int64_t offset;
};

/* run starts the transition; its Redis reply goes to command_replied(). */
struct verb {
    const char *type;
    void (*run)(struct command *c);
};

/* handle.c */
void handle_message(void *user, const struct kafka_message *m);
/* reply NULL: Redis was lost, the command runs again until it is back. An error or an unknown outcome goes
 * to the dead-letter topic. */
void command_replied(void *user, const redisReply *reply);
void command_finish(struct command *c);
void command_dead(struct command *c, const char *why);
/* The dead letter was written: the partition moves on; or not (error): it is written again. */
void command_buried(void *command, const char *error);

/* shape.c (pure): NULL, or the member of the command that is missing or wrong. */
const char *command_malformed(const json_t *command);

/* handle_create.c, handle_reinvite.c, handle_due.c */
void handle_create(struct command *c);
void handle_reinvite(struct command *c);
void handle_expire(struct command *c);
void handle_unconfirmed(struct command *c);

/* store.c: the only file that speaks Redis. */
void store_create(struct command *c, const char *link_token, const char *kid);
void store_generation(struct command *c, redis_fn fn);
void store_reinvite(struct command *c, const char *link_token, const char *kid, redis_fn fn);
void store_expire(struct command *c);
void store_unconfirmed(struct command *c);

/* bus.c: the only file that names topics. */
struct kafka *bus_new(struct licensing *l, const char *bootstrap, const char *profile);
/* 0, then command_buried() later; -1: not now. */
int bus_dead_letter(struct command *c);

#endif
