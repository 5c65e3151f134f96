/* Topics of licensing: beistand.commands in (group licensing), beistand.dead-letter out. */
#include "licensing.h"

#include "common/json.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const topics[] = {"beistand.commands", NULL};
static const char *const warm[] = {"beistand.dead-letter", NULL};

struct kafka *bus_new(struct licensing *l, const char *bootstrap, const char *profile)
{
    struct kafka_options o = {.bootstrap = bootstrap,
                              .profile = profile,
                              .client_id = "licensing",
                              .group = "licensing",
                              .topics = topics,
                              .warm_topics = warm,
                              .message = handle_message,
                              .user = l};
    return kafka_new(l->service.loop, &o);
}

static void dead_letter_written(void *user, const char *error)
{
    struct command *c = user;
    if (error) /* it stays unfinished and is delivered again after a restart */
        log_event(LOG_ERROR, "dead_letter_lost", "error", error, NULL);
    command_finish(c);
}

void bus_dead_letter(struct command *c, const char *why)
{
    json_t *letter = json_pack("{ss ss sI ss}", "why", why, "topic", c->topic, "offset",
                               (json_int_t)c->offset, "value", c->text);
    char *text = letter ? json_compact(letter) : NULL;
    json_decref(letter);
    char id[128];
    snprintf(id, sizeof id, "%s-%d-%lld", c->topic, (int)c->partition, (long long)c->offset);
    struct kafka_event event = {.topic = "beistand.dead-letter",
                                .key = c->session ? c->session : "",
                                .value = text,
                                .size = text ? strlen(text) : 0,
                                .id = id,
                                .type = "dead-letter"};
    if (!text || kafka_produce(c->licensing->kafka, &event, dead_letter_written, c) != 0)
        command_finish(c);
    free(text);
}
