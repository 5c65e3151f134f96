/* From the record (strings, as Redis and the journal hold it) to the API's session. */
#include "gateway.h"

#include "common/log.h"
#include "common/rfc3339.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const json_t *record, const char *name)
{
    const char *text = json_text(record, name, "");
    return *text ? json_string(text) : json_null();
}

const char *ms_text(char out[MS_SIZE], int64_t ms)
{
    snprintf(out, MS_SIZE, "%lld", (long long)ms);
    return out;
}

json_t *time_view(const char *ms)
{
    return ms_view(ms && *ms ? strtoll(ms, NULL, 10) : 0);
}

json_t *ms_view(int64_t ms)
{
    char text[RFC3339_SIZE];
    return ms > 0 ? json_string(rfc3339(text, ms)) : json_null();
}

static json_t *time_of(const json_t *record, const char *name)
{
    return time_view(json_text(record, name, ""));
}

static json_t *embedded(const json_t *record, const char *name)
{
    json_t *value = json_loads(json_text(record, name, ""), 0, NULL);
    return value ? value : json_null();
}

static unsigned number_of(const json_t *record, const char *name)
{
    return (unsigned)strtoul(json_text(record, name, "0"), NULL, 10);
}

/* NULL while there is nothing to install. */
static json_t *install_url(const struct gateway *g, const json_t *record)
{
    char token[LINK_TOKEN_SIZE], typed[LINK_TYPED_SIZE], url[512];
    const char *sid = json_text(record, "id", "");
    if (strcmp(json_text(record, "state", ""), "invited") != 0 ||
        derive_link_token(g->keys, json_text(record, "kid", ""), sid, number_of(record, "generation"),
                          token) != 0)
        return json_null();
    link_token_typed(typed, token);
    snprintf(url, sizeof url, "%s/i/%s#%s", g->settings.origin, sid, typed);
    return json_string(url);
}

static json_t *checks_view(const json_t *record)
{
    json_t *checks = embedded(record, "checks");
    if (json_is_object(checks))
        return checks;
    json_decref(checks);
    return json_object();
}

/* What stands in the way of the set-up, as the program said it; null: nothing. */
static json_t *setup_view(const json_t *record)
{
    const char *reason = json_text(record, "setup_reason", "");
    return *reason ? json_pack("{ss so}", "reason", reason, "detail", text_or_null(record, "setup_detail")) : json_null();
}

json_t *session_view(const struct gateway *g, const json_t *record, const json_t *presence)
{
    char version[64], program_url[512];
    unsigned attempts = number_of(record, "attempts");
    bool active = strcmp(json_text(record, "state", ""), "active") == 0;
    bool online = active && presence;
    snprintf(version, sizeof version, "%s-%s", json_text(record, "epoch", "1"),
             json_text(record, "version", "0"));
    snprintf(program_url, sizeof program_url, "%s/i/%s/download", g->settings.origin,
             json_text(record, "id", ""));
    json_t *view = json_pack(
        "{so so sb so sb so s{so so} so so so so}", "id", text_or_null(record, "id"), "status",
        text_or_null(record, "state"), "paired", strcmp(json_text(record, "paired", "0"), "1") == 0,
        "reason", text_or_null(record, "reason"), "online", online, "online_since",
        online ? time_of(presence, "since") : json_null(), "technician", "id",
        text_or_null(record, "technician"), "name", text_or_null(record, "technician_name"),
        "customer_email", text_or_null(record, "customer_email"), "customer_name",
        text_or_null(record, "customer_name"), "language", text_or_null(record, "language"), "note",
        text_or_null(record, "note"));
    json_t *rest = json_pack(
        "{so so so so so s{so so so si} so so si si so so ss so ss}", "created_at",
        time_of(record, "created_at"), "invitation_expires_at",
        time_of(record, "invitation_expires_at"), "activated_at", time_of(record, "activated_at"),
        "expires_at", time_of(record, "expires_at"), "ended_at", time_of(record, "ended_at"), "mail",
        "state", text_or_null(record, "mail_state"), "sent_at", time_of(record, "mail_sent_at"), "retry_at",
        time_of(record, "mail_retry_at"), "tries", (int)number_of(record, "mail_tries"),
        "machine", embedded(record, "machine"), "checks", checks_view(record), "attempts_left",
        attempts >= 5 ? 0 : (int)(5 - attempts), "generation", (int)number_of(record, "generation"),
        "removal", text_or_null(record, "removal"), "removed_at", time_of(record, "removed_at"),
        "version", version, "install_url", install_url(g, record), "program_url", program_url);
    if (!view || !rest)
        log_event(LOG_ERROR, "view_failed", "session", json_text(record, "id", ""), NULL);
    json_object_update(view, rest);
    json_decref(rest);
    json_object_set_new(view, "last_online", online ? json_null() : time_of(record, "last_online"));
    json_object_set_new(view, "last_state", online ? json_null() : text_or_null(record, "last_state"));
    json_object_set_new(view, "setup", setup_view(record));
    json_object_set_new(view, "checklist", checklist_view(record));
    return view;
}

json_t *open_session_view(const json_t *record)
{
    char self[64], end[80], again[80];
    const char *sid = json_text(record, "open_session", NULL);
    if (!sid)
        return NULL;
    snprintf(self, sizeof self, "/v1/sessions/%s", sid);
    snprintf(end, sizeof end, "%s/end", self);
    snprintf(again, sizeof again, "%s/invitations", self);
    bool invited = strcmp(json_text(record, "open_state", ""), "invited") == 0;
    json_t *view = json_pack("{ss s{ss ss}}", "session", sid, "links", "session", self, "end", end);
    if (invited) /* an active session is not invited again (S-12) */
        json_object_set_new(json_object_get(view, "links"), "send_again", json_string(again));
    return view;
}

void respond_invitation(struct call *c, const json_t *record)
{
    struct gateway *g = c->gateway;
    char code[CODE_PREFIX_SIZE], location[64];
    const char *sid = json_text(record, "id", "");
    if (derive_code_prefix(g->keys, json_text(record, "kid", ""), sid, number_of(record, "generation"),
                           code) != 0) {
        call_refuse(c, "unavailable", "The secret key of this invitation is not loaded here.");
        return;
    }
    json_t *view = session_view(g, record, NULL);
    json_object_set_new(view, "code_prefix", json_string(code));
    snprintf(location, sizeof location, "/v1/sessions/%s", sid);
    http_add_header(c->request, "Location", location);
    respond_json(c->request, 201, view);
}
