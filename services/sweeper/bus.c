/* Topics of the sweeper: beistand.journal and beistand.directory (the outboxes), beistand.commands and beistand.mail
 * (what is due). */
#include "sweeper.h"

#include "common/json.h"
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

struct kafka *bus_new(struct sweeper *s)
{
    struct kafka_options o = {.bootstrap = s->settings.common.kafka_bootstrap,
                              .profile = s->settings.common.kafka_profile,
                              .client_id = "sweeper",
                              .warm_topics = warm,
                              /* A broker answers one request of a connection after the other: a thousand a second queue. */
                              .gather = true};
    return kafka_new(s->service.loop, &o);
}

struct kafka *bus_last(struct sweeper *s, kafka_message_fn fn, void *user)
{
    static const char *const topics[] = {"beistand.journal", "beistand.directory", NULL};
    struct kafka_options o = {.bootstrap = s->settings.common.kafka_bootstrap,
                              .profile = s->settings.common.kafka_profile,
                              .client_id = "sweeper-guard",
                              .topics = topics,
                              .last = GUARD_LAST,
                              .message = fn,
                              .user = user};
    return kafka_new(s->service.loop, &o);
}

static const char *name_of(const json_t *event, const char *member)
{
    const char *text = json_string_value(json_object_get(event, member));
    return text ? text : "";
}

/* Every end passes here, whoever made it. An event that is produced again counts again. */
static void count_end(const json_t *event)
{
    char labels[96];
    const char *reason = name_of(json_object_get(event, "record"), "reason");
    if (strcmp(name_of(event, "type"), "session.ended") != 0)
        return;
    snprintf(labels, sizeof labels, "reason=\"%.64s\"", reason);
    metric_add("beistand_ends_total", labels, 1);
}

/* Takes the event's present text under this topic and key. */
static int produce(struct bucket *b, const struct entry *e, const char *topic, const char *key, kafka_delivered_fn fn)
{
    char id[48];
    char *text = json_compact(e->event);
    snprintf(id, sizeof id, "%02d-%s", b->number, e->id);
    struct kafka_event event = {.topic = topic,
                                .key = key,
                                .value = text,
                                .size = text ? strlen(text) : 0,
                                .id = id,
                                .type = name_of(e->event, "type"),
                                .command = name_of(e->event, "command_id")};
    int status = text ? kafka_produce(b->sweeper->kafka, &event, fn, b) : -1;
    free(text);
    return status;
}

/* The session's id is the key: all of a session's events are in one partition, in order. What belongs to no session goes
 * by its company. */
int bus_journal(struct bucket *b, const struct entry *e, kafka_delivered_fn fn)
{
    const char *session = name_of(e->event, "session");
    json_object_del(e->event, "sealed");
    count_end(e->event);
    return produce(b, e, "beistand.journal", *session ? session : name_of(e->event, "company"), fn);
}

bool bus_directory_wants(const struct entry *e)
{
    return strcmp(name_of(e->event, "type"), "directory.changed") == 0;
}

/* Compacted, key = id: the newest state of each stays. */
int bus_directory(struct bucket *b, const struct entry *e, kafka_delivered_fn fn)
{
    return produce(b, e, "beistand.directory", name_of(e->event, "id"), fn);
}

/* name: "{wid}:{delivery}". */
static void due_webhook(struct bucket *b, const char *name)
{
    char id[128], command[320], webhook[ID_SIZE];
    const char *colon = strchr(name, ':');
    if (!colon || colon - name != ID_SIZE - 1)
        return;
    snprintf(webhook, sizeof webhook, "%s", name);
    snprintf(id, sizeof id, "due-webhook-%.90s", name);
    int n = snprintf(command, sizeof command,
                     "{\"id\":\"%s\",\"type\":\"webhook.send\",\"bucket\":%d,\"webhook\":\"%s\",\"delivery\":\"%.63s\"}", id, b->number,
                     webhook, colon + 1);
    struct kafka_event event = {
        .topic = "beistand.mail", .key = webhook, .value = command, .size = (size_t)n, .id = id, .type = "webhook.send"};
    if (n > 0 && (size_t)n < sizeof command)
        kafka_produce(b->sweeper->kafka, &event, NULL, NULL);
    metric_add("beistand_due_total", "", 1);
}

void bus_due(struct bucket *b, const char *kind, const char *session)
{
    if (strcmp(kind, "webhook") == 0) {
        due_webhook(b, session);
        return;
    }
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
