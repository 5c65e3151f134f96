/* Topics of the sweeper: beistand.journal (the outboxes), beistand.commands and beistand.mail (what is due). */
#include "sweeper.h"

#include "common/log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const warm[] = {"beistand.journal", "beistand.commands", "beistand.mail", NULL};

static const struct {
    const char *kind, *type, *topic;
} due_commands[] = {
    {"expire", "session.expire", "beistand.commands"},
    {"removal", "session.unconfirmed", "beistand.commands"},
    {"mail", "mail.send", "beistand.mail"},
};

struct kafka *bus_new(struct sweeper *s, const char *bootstrap, const char *profile)
{
    struct kafka_options o = {.bootstrap = bootstrap, .profile = profile, .client_id = "sweeper",
                              .warm_topics = warm};
    return kafka_new(s->service.loop, &o);
}

/* The session's id is the key: all of a session's events are in one partition, in order. */
int bus_journal(struct bucket *b, const char *id, const char *text, kafka_delivered_fn fn)
{
    char event_id[48];
    json_t *json = json_loads(text, 0, NULL);
    const char *session = json_string_value(json_object_get(json, "session"));
    const char *type = json_string_value(json_object_get(json, "type"));
    snprintf(event_id, sizeof event_id, "%d-%s", b->number, id);
    struct kafka_event event = {.topic = "beistand.journal",
                                .key = session ? session : "",
                                .value = text,
                                .size = strlen(text),
                                .id = event_id,
                                .type = type ? type : "unknown"};
    int status = kafka_produce(b->sweeper->kafka, &event, fn, b);
    json_decref(json);
    return status;
}

void bus_due(struct bucket *b, const char *kind, const char *session)
{
    for (size_t i = 0; i < sizeof due_commands / sizeof *due_commands; i++) {
        if (strcmp(due_commands[i].kind, kind) != 0)
            continue;
        char id[96], command[256];
        snprintf(id, sizeof id, "due-%s-%s-%lld", kind, session, (long long)wall_now_ms());
        int n = snprintf(command, sizeof command, "{\"id\":\"%s\",\"type\":\"%s\",\"bucket\":%d,\"session\":\"%s\"}", id,
                         due_commands[i].type, b->number, session);
        struct kafka_event event = {.topic = due_commands[i].topic, .key = session, .value = command, .size = (size_t)n,
                                    .id = id, .type = due_commands[i].type};
        if (n > 0 && (size_t)n < sizeof command)
            kafka_produce(b->sweeper->kafka, &event, NULL, NULL);
        metric_add("beistand_due_total", "", 1);
        return;
    }
    log_event(LOG_WARN, "due_unknown", "kind", kind, NULL);
}
