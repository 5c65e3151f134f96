/* Topics of the gateway: beistand.commands out, beistand.journal in (tailed, without a group). */
#include "gateway.h"

#include "common/log.h"

#include <stdlib.h>
#include <string.h>

static const char *const topics[] = {"beistand.journal", NULL};
static const char *const warm[] = {"beistand.commands", NULL};

static void on_event(void *user, const struct kafka_message *m)
{
    struct gateway *g = user;
    char error[128];
    if (m->command && !waiter_waits(g, m->command))
        return; /* most events are of other gateways' requests, or of none */
    json_t *event = json_read(m->value, m->size, error);
    if (!event) /* invitations writes its dead letter */
        log_event(LOG_WARN, "journal_event_unreadable", "id", m->id, "error", error, NULL);
    else if (bucket_of_id(json_text(event, "session", "")) >= 0)
        waiters_outcome(g, event);
    json_decref(event);
}

struct kafka *bus_new(struct gateway *g)
{
    struct kafka_options o = {.bootstrap = g->settings.common.kafka_bootstrap,
                              .profile = g->settings.common.kafka_profile,
                              .client_id = "gateway",
                              .topics = topics,
                              .warm_topics = warm,
                              .message = on_event,
                              .user = g};
    return kafka_new(g->service.loop, &o);
}

int bus_command(struct gateway *g, json_t *command)
{
    char *text = json_compact(command);
    int status = -1;
    struct kafka_event event = {.topic = "beistand.commands",
                                .key = json_text(command, "session", ""),
                                .value = text,
                                .size = text ? strlen(text) : 0,
                                .id = json_text(command, "id", ""),
                                .type = json_text(command, "type", "")};
    if (text)
        status = kafka_produce(g->kafka, &event, NULL, NULL);
    free(text);
    json_decref(command);
    return status;
}
