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

/* Where an event goes, by its type, and under which key: the directory's topic is compacted, so the newest state of each
 * id stays. In the journal all of a session's events are in one partition, in order; what belongs to no session goes by
 * its company. */
static const struct {
    const char *type, *topic, *key;
} routes[] = {
    {"directory.changed", "beistand.directory", "id"},
    {"", "beistand.journal", "session"},
};

static const char *route_event(const json_t *event, char key[ID_SIZE])
{
    const char *type = json_string_value(json_object_get(event, "type"));
    const char *company = json_string_value(json_object_get(event, "company"));
    size_t i = 0;
    while (routes[i].type[0] && (!type || strcmp(routes[i].type, type) != 0))
        i++;
    const char *name = json_string_value(json_object_get(event, routes[i].key));
    snprintf(key, ID_SIZE, "%s", name ? name : company ? company : "");
    return routes[i].topic;
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

int bus_journal(struct bucket *b, const char *id, const char *event, kafka_delivered_fn fn)
{
    char key[ID_SIZE], event_id[48];
    json_t *json = json_loads(event, 0, NULL);
    const char *topic = route_event(json, key);
    count_end(json);
    json_decref(json);
    snprintf(event_id, sizeof event_id, "%d-%s", b->number, id);
    return kafka_produce(b->sweeper->kafka, topic, key, event, strlen(event), event_id, fn, b);
}

void bus_due(struct bucket *b, const char *kind, const char *session)
{
    for (size_t i = 0; i < sizeof due_commands / sizeof *due_commands; i++) {
        if (strcmp(due_commands[i].kind, kind) != 0)
            continue;
        char command[256];
        int n = snprintf(command, sizeof command,
                         "{\"id\":\"due-%s-%s-%lld\",\"type\":\"%s\",\"bucket\":%d,\"session\":\"%s\"}",
                         kind, session, (long long)wall_now_ms(), due_commands[i].type, b->number,
                         session);
        if (n > 0 && (size_t)n < sizeof command)
            kafka_produce(b->sweeper->kafka, due_commands[i].topic, session, command, (size_t)n, NULL,
                          NULL, NULL);
        metric_add("beistand_due_total", "", 1);
        return;
    }
    log_event(LOG_WARN, "due_unknown", "kind", kind, NULL);
}
