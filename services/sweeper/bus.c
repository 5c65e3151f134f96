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

struct kafka *bus_new(struct sweeper *s)
{
    struct kafka_options o = {.bootstrap = s->settings.common.kafka_bootstrap,
                              .profile = s->settings.common.kafka_profile,
                              .client_id = "sweeper",
                              .warm_topics = warm};
    return kafka_new(s->service.loop, &o);
}

int bus_journal(struct bucket *b, const struct entry *e, kafka_delivered_fn fn)
{
    char id[48];
    char *text = json_dumps(e->event, JSON_COMPACT);
    snprintf(id, sizeof id, "%02d-%s", b->number, e->id);
    int status = text ? kafka_produce(b->sweeper->kafka, "beistand.journal", e->key, text, strlen(text), id, fn, b) : -1;
    free(text);
    return status;
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
