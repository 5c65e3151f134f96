/* Requests that wait for their command's outcome on the journal. A waiter ends by the outcome or by its
 * deadline; the command may still have been done then, and a retry with the same Idempotency-Key finds it. */
#include "gateway.h"

#include "common/failpoint.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

struct waiter {
    char command[ID_SIZE];
    struct call *call;
    struct loop_timer *deadline;
    UT_hash_handle hh;
};

static struct call *remove_waiter(struct waiter *w)
{
    struct call *c = w->call;
    HASH_DEL(c->gateway->waiters, w);
    loop_timer_free(w->deadline);
    free(w);
    return c;
}

static void on_deadline(void *user)
{
    struct call *c = remove_waiter(user);
    log_event(LOG_WARN, "command_unanswered", "request", c->request->id, "command", c->command, NULL);
    call_refuse(c, "unavailable", "No answer in time. Try again with the same Idempotency-Key.");
}

void waiter_add(struct call *c)
{
    struct waiter *w = calloc(1, sizeof *w);
    if (!w) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    w->call = c;
    memcpy(w->command, c->command, sizeof w->command);
    w->deadline = loop_timer_new(c->gateway->service.loop, on_deadline, w);
    loop_timer_set(w->deadline, c->gateway->settings.command_timeout_ms);
    HASH_ADD_STR(c->gateway->waiters, command, w);
}

bool waiter_waits(struct gateway *g, const char *command)
{
    struct waiter *w = NULL;
    HASH_FIND_STR(g->waiters, command, w);
    return w != NULL;
}

void waiters_outcome(struct gateway *g, const json_t *event)
{
    struct waiter *w = NULL;
    const char *command = json_text(event, "command_id", "");
    HASH_FIND_STR(g->waiters, command, w);
    if (!w)
        return;
    failpoint("gateway.outcome");
    struct call *c = remove_waiter(w);
    const char *refused = json_text(event, "refused", NULL);
    const json_t *record = json_object_get(event, "record");
    if (!refused) {
        respond_invitation(c, record);
        return;
    }
    respond_problem(c->request, refused, NULL, open_session_view(record));
}
