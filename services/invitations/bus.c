/* Topics of invitations: beistand.journal and beistand.mail in (group invitations), beistand.dead-letter out. */
#include "invitations.h"

#include "common/dead_letter.h"

#include <string.h>

static const char *const topics[] = {"beistand.journal", "beistand.mail", NULL};
static const char *const warm[] = {"beistand.dead-letter", NULL};

struct kafka *bus_new(struct invitations *i)
{
    struct kafka_options o = {.bootstrap = i->settings.common.kafka_bootstrap,
                              .profile = i->settings.common.kafka_profile,
                              .client_id = "invitations",
                              .group = "invitations",
                              .topics = topics,
                              .warm_topics = warm,
                              .message = handle_message,
                              .user = i};
    return kafka_new(i->service.loop, &o);
}

bool bus_is_due(const struct kafka_message *m)
{
    return strcmp(m->topic, "beistand.mail") == 0;
}

int bus_dead_letter(struct received *r)
{
    struct kafka_message m = {.topic = r->topic, .partition = r->partition, .offset = r->offset};
    char id[DEAD_LETTER_ID_SIZE];
    struct kafka_event event = {.topic = "beistand.dead-letter",
                                .key = "",
                                .value = r->letter,
                                .size = strlen(r->letter),
                                .id = dead_letter_id(id, &m),
                                .type = "dead-letter"};
    return kafka_produce(r->invitations->kafka, &event, received_buried, r);
}
