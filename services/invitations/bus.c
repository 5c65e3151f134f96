/* Topics of invitations: beistand.journal and beistand.mail in (group invitations). */
#include "invitations.h"

static const char *const topics[] = {"beistand.journal", "beistand.mail", NULL};

struct kafka *bus_new(struct invitations *i)
{
    struct kafka_options o = {.bootstrap = i->settings.common.kafka_bootstrap,
                              .profile = i->settings.common.kafka_profile,
                              .client_id = "invitations",
                              .group = "invitations",
                              .topics = topics,
                              .message = handle_message,
                              .user = i};
    return kafka_new(i->service.loop, &o);
}
