/* What a webhook is told: {type, timestamp, data}. Pure. The session is shown with what the API shows of it, without the
 * note, links and anything that is a secret. */
#include "webhook.h"

#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Members of the record that are told; times are milliseconds there and RFC 3339 here. */
static const char *const texts[] = {"reason", "technician", "technician_name", "customer_email", "customer_name", "language",
                                    "mail_state", "removal", NULL};
static const char *const times[] = {"created_at", "invitation_expires_at", "activated_at", "expires_at", "ended_at",
                                    "removed_at", "mail_sent_at", NULL};

static json_t *time_text(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(ms % 1000));
    return json_string(text);
}

static json_t *session_data(const char *sid, const json_t *record)
{
    json_t *session = json_pack("{ss}", "id", sid);
    char version[64];
    if (!*json_text(record, "state", ""))
        return session; /* a refusal: there is none */
    json_object_set_new(session, "status", json_string(json_text(record, "state", "")));
    json_object_set_new(session, "paired", json_boolean(strcmp(json_text(record, "paired", ""), "1") == 0));
    for (const char *const *name = texts; *name; name++)
        if (*json_text(record, *name, ""))
            json_object_set_new(session, *name, json_string(json_text(record, *name, "")));
    for (const char *const *name = times; *name; name++)
        if (*json_text(record, *name, ""))
            json_object_set_new(session, *name, time_text(strtoll(json_text(record, *name, "0"), NULL, 10)));
    json_t *machine = json_loads(json_text(record, "machine", ""), 0, NULL);
    if (json_is_object(machine))
        json_object_set(session, "machine", machine);
    json_decref(machine);
    snprintf(version, sizeof version, "%.24s-%.24s", json_text(record, "epoch", "1"), json_text(record, "version", "0"));
    json_object_set_new(session, "version", json_string(version));
    return session;
}

static json_t *computer_data(const char *id, const json_t *record)
{
    return json_pack("{ss ss ss}", "id", id, "name", json_text(record, "name", ""), "group", json_text(record, "group", ""));
}

static void copy(json_t *data, const json_t *event, const char *name)
{
    json_t *value = json_object_get(event, name);
    if (value)
        json_object_set(data, name, value);
}

static json_t *data_of(const json_t *event, const char *event_id)
{
    static const char *const members[] = {"actor", "details", "audit", "kind", "verb", "changed", "method", "agent", NULL};
    const json_t *record = json_object_get(event, "record");
    const char *session = json_text(event, "session", ""), *computer = json_text(event, "computer", "");
    const char *reason = json_text(event, "refused", json_text(event, "reason", json_text(record, "reason", "")));
    json_t *data = json_pack("{ss ss}", "id", event_id, "company", json_text(event, "company", ""));
    for (const char *const *name = members; *name; name++)
        copy(data, event, *name);
    if (*session)
        json_object_set_new(data, "session", session_data(session, record));
    if (*computer)
        json_object_set_new(data, "computer", computer_data(computer, record));
    if (*reason)
        json_object_set_new(data, "reason", json_string(reason));
    return data;
}

bool webhook_wants(const json_t *event)
{
    /* What is in the audit log is news; the rest repeats what was told. */
    return json_object_get(event, "audit") && *json_text(event, "company", "") &&
           strcmp(json_text(event, "type", ""), "audit.journaled") != 0;
}

char *webhook_body(const json_t *event, const char *event_id)
{
    if (!webhook_wants(event))
        return NULL;
    json_t *body = json_pack("{ss so so}", "type", json_text(event, "type", ""), "timestamp",
                             time_text(json_number(event, "time", 0)), "data", data_of(event, event_id));
    char *text = json_compact(body);
    json_decref(body);
    if (text && strlen(text) <= WEBHOOK_BODY_MAX)
        return text;
    free(text);
    return NULL;
}
