/* POST /v1/sessions/{id}/hand-over: an administrator gives an open session to a colleague, who then needs the session
 * password (S-29). The transition moves the lease; relays cut the connections of the one before. */
#include "directory.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_handed(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *said = reply && reply->type == REDIS_REPLY_STRING ? json_loads(reply->str, 0, NULL) : NULL;
    const char *outcome = json_text(said, "outcome", "unavailable");
    log_event(LOG_INFO, "hand_over", "session", c->session, "outcome", outcome, "request", c->request->id, NULL);
    if (strcmp(outcome, "handed_over") == 0 || strcmp(outcome, "already") == 0)
        respond_session_again(c);
    else if (strcmp(outcome, "permission_missing") == 0)
        call_refuse(c, outcome, "The colleague does not have the permission adhoc_support.");
    else
        respond_problem(c->request, outcome, NULL, open_session_view(said));
    json_decref(said);
}

static void hand_over(struct call *c)
{
    json_t *who = actor_of(c);
    char *actor = json_compact(who);
    json_decref(who);
    new_id(c->command, c->who.bucket);
    store_hand_over(c, json_text(c->body, "technician", ""), actor ? actor : "{}", on_handed);
    free(actor);
}

void handle_hand_over(struct call *c)
{
    static const char *const members[] = {"technician", NULL};
    const char *technician;
    if (!c->who.administrator)
        call_refuse(c, "permission_missing", "An administrator hands sessions over.");
    else if (json_unknown_member(c->body, members) || json_field(c->body, "technician", ID_SIZE - 1, &technician) != 0 ||
             !technician || bucket_of_id(technician) < 0)
        call_refuse(c, "invalid_request", "technician is the id of a colleague.");
    else
        with_session(c, hand_over);
}
