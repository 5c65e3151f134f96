/* POST /agent/v1/invitations/reports: before the code. The page or the program says what it found; the answer
 * says who invites. Nothing is consumed by it. */
#include "activation.h"

#include <stdlib.h>
#include <string.h>

static const char *const check_names[] = {"opened", "started", "administrator", "windows_version", "no_host",
                                          "no_session", "network", "set_up", NULL};

static void respond_invitation(struct call *c)
{
    const json_t *r = c->record;
    respond_json(c->request, 200,
                 json_pack("{ss ss ss ss ss sI}", "session", c->session, "technician",
                           json_text(r, "technician_name", ""), "company",
                           json_text(r, "company_name", ""), "contact",
                           json_text(r, "company_contact", ""), "language", json_text(r, "language", "en"),
                           "invitation_expires_at",
                           (json_int_t)strtoll(json_text(r, "invitation_expires_at", "0"), NULL, 10)));
}

static void on_reported(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (reply)
        respond_invitation(c);
    else
        call_refuse(c, "unavailable", NULL);
}

static void report(struct call *c)
{
    const char *state = json_text(c->record, "state", "");
    if (c->generation < strtoul(json_text(c->record, "generation", "0"), NULL, 10))
        call_refuse(c, "invitation_superseded", NULL);
    else if (strcmp(state, "ended") == 0)
        call_refuse(c, json_text(c->record, "reason", "wrong_state"), NULL);
    else if (strtoll(json_text(c->record, "invitation_expires_at", "0"), NULL, 10) <= wall_now_ms() &&
             strcmp(state, "invited") == 0)
        call_refuse(c, "invitation_expired", NULL);
    else
        store_report(c, c->checks, false, on_reported);
}

/* {name: "ok"|"failed"} of known names only; booleans mean the same. NULL when malformed. */
static char *read_checks(const json_t *given)
{
    json_t *checks = json_object();
    const char *name;
    json_t *value;
    bool good = !given || json_is_object(given);
    json_object_foreach((json_t *)given, name, value) {
        const char *const *known = check_names;
        while (*known && strcmp(*known, name) != 0)
            known++;
        bool ok = json_is_true(value) || strcmp(json_is_string(value) ? json_string_value(value) : "", "ok") == 0;
        bool failed =
            json_is_false(value) || strcmp(json_is_string(value) ? json_string_value(value) : "", "failed") == 0;
        good = good && *known && (ok || failed);
        json_object_set_new(checks, name, json_string(ok ? "ok" : "failed"));
    }
    char *text = good ? json_dumps(checks, JSON_COMPACT) : NULL;
    json_decref(checks);
    return text;
}

void handle_invitation_report(struct call *c)
{
    c->checks = read_checks(json_object_get(c->body, "checks"));
    if (c->checks)
        with_link(c, report);
    else
        call_refuse(c, "invalid_request", "checks is an object of known names with ok or failed.");
}
