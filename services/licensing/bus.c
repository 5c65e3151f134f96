/* Topics of licensing: beistand.commands in (group licensing), beistand.dead-letter out. */
#include "licensing.h"

#include "common/dead_letter.h"

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

int bus_dead_letter(struct command *c)
{
    struct kafka_message m = {.topic = c->topic, .partition = c->partition, .offset = c->offset};
    char id[DEAD_LETTER_ID_SIZE];
    struct kafka_event event = {.topic = "beistand.dead-letter",
                                .key = c->session,
                                .value = c->letter,
                                .size = strlen(c->letter),
                                .id = dead_letter_id(id, &m),
                                .type = "dead-letter"};
    return kafka_produce(c->licensing->kafka, &event, command_buried, c);
}
