/* From a message to its verb, and from the transition's answer to the acknowledgement. */
#include "licensing.h"

#include "common/dead_letter.h"
#include "common/failpoint.h"
#include "common/json.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 250 };

static const struct verb verbs[] = {
    {"session.create", handle_create},
    {"session.reinvite", handle_reinvite},
    {"session.expire", handle_expire},
    {"session.unconfirmed", handle_unconfirmed},
};

static const struct verb *find_verb(const char *type)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].type, type) == 0)
            return &verbs[i];
    return NULL;
}

void command_finish(struct command *c)
{
    kafka_done(c->licensing->kafka, c->topic, c->partition, c->offset);
    loop_timer_free(c->retry);
    json_decref(c->json);
    free(c->text);
    free(c->letter);
    free(c);
}

static void bury(struct command *c)
{
    if (bus_dead_letter(c) != 0)
        command_buried(c, "no room");
}

void command_dead(struct command *c, const char *why)
{
    struct kafka_message m = {
        .topic = c->topic, .partition = c->partition, .offset = c->offset, .value = c->text, .size = c->size};
    log_event(LOG_ERROR, "command_dead", "why", why, "session", c->session, NULL);
    metric_add("beistand_dead_letters_total", "", 1);
    c->letter = dead_letter(&m, "licensing", why);
    if (!c->letter)
        abort(); /* nothing is left to do without memory; it is delivered again */
    bury(c);
}

void command_buried(void *user, const char *error)
{
    struct command *c = user;
    if (!error) {
        failpoint("licensing.buried");
        command_finish(c);
        return;
    }
    log_event(LOG_WARN, "dead_letter_delayed", "error", error, NULL);
    loop_timer_set(c->retry, RETRY_MS);
}

static void run_again(void *user)
{
    struct command *c = user;
    if (c->letter)
        bury(c);
    else
        c->verb->run(c);
}

void command_replied(void *user, const redisReply *reply)
{
    struct command *c = user;
    if (!reply) {
        loop_timer_set(c->retry, RETRY_MS);
        return;
    }
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS) {
        command_dead(c, reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected reply");
        return;
    }
    failpoint("licensing.committed");
    char labels[96];
    snprintf(labels, sizeof labels, "command=\"%s\",outcome=\"%.40s\"", c->verb->type, reply->str);
    metric_add("beistand_commands_total", labels, 1);
    log_event(LOG_INFO, "command", "type", c->verb->type, "session", c->session, "outcome",
              reply->str, "command", json_text(c->json, "id", ""), NULL);
    command_finish(c);
    failpoint("licensing.acked");
}

void handle_message(void *user, const struct kafka_message *m)
{
    struct licensing *l = user;
    struct command *c = calloc(1, sizeof *c);
    if (!c)
        return;
    char error[128];
    *c = (struct command){.licensing = l, .partition = m->partition, .offset = m->offset};
    snprintf(c->topic, sizeof c->topic, "%s", m->topic);
    c->retry = loop_timer_new(l->service.loop, run_again, c);
    c->text = malloc(m->size + 1);
    c->size = m->size;
    if (!c->text)
        abort();
    memcpy(c->text, m->value, m->size + 1);
    c->json = json_read(m->value, m->size, error);
    c->session = json_text(c->json, "session", "");
    c->bucket = bucket_of_id(c->session);
    c->verb = find_verb(json_text(c->json, "type", ""));
    if (!c->json || !c->verb || c->bucket < 0) {
        command_dead(c, !c->json ? error : !c->verb ? "unknown type" : "no session id");
        return;
    }
    const char *wrong = command_malformed(c->json);
    if (wrong) {
        snprintf(error, sizeof error, "missing or wrong: %s", wrong);
        command_dead(c, error);
        return;
    }
    failpoint("licensing.received");
    c->verb->run(c);
}
