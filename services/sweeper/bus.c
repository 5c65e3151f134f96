/* Topics of the sweeper: beistand.journal and beistand.directory (the outboxes), beistand.commands and beistand.mail
 * (what is due). */
#include "sweeper.h"

#include "common/log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const warm[] = {"beistand.journal", "beistand.commands", "beistand.mail",
                                   "beistand.directory", NULL};

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

/* Where an event goes, by its type: the directory's topic is compacted, key = id, so the newest state of each stays.
 * In the journal the session's id is the key: all of a session's events are in one partition, in order. What belongs to no
 * session goes by its company. */
static const char *route_event(const json_t *event, char key[ID_SIZE])
{
    const char *type = json_string_value(json_object_get(event, "type"));
    bool directory = type && strcmp(type, "directory.changed") == 0;
    const char *name = json_string_value(json_object_get(event, directory ? "id" : "session"));
    const char *company = json_string_value(json_object_get(event, "company"));
    snprintf(key, ID_SIZE, "%s", name ? name : company ? company : "");
    return directory ? "beistand.directory" : "beistand.journal";
}

/* Every end passes here, whoever made it. An event that is produced again counts again. */
static void count_end(const json_t *event)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    const char *reason = json_string_value(json_object_get(json_object_get(event, "record"), "reason"));
    char labels[96];
    if (!type || !reason || strcmp(type, "session.ended") != 0)
        return;
    snprintf(labels, sizeof labels, "reason=\"%.64s\"", reason);
    metric_add("beistand_ends_total", labels, 1);
}

int bus_journal(struct bucket *b, const char *id, const char *text, kafka_delivered_fn fn)
{
    char key[ID_SIZE], event_id[48];
    json_t *json = json_loads(text, 0, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));
    snprintf(event_id, sizeof event_id, "%d-%s", b->number, id);
    struct kafka_event event = {.topic = route_event(json, key),
                                .key = key,
                                .value = text,
                                .size = strlen(text),
                                .id = event_id,
                                .type = type ? type : "unknown"};
    count_end(json);
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
