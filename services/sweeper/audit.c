/* See audit.h. */
#include "audit.h"

#include "common/json.h"
#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What of the event's record (or, without one, of the event itself) says what happened; members that are JSON themselves
 * are taken as such. Nothing here is content of a session or a secret. */
static const struct {
    const char *type;
    const char *fields[6];
} details_of[] = {
    {"session.created", {"customer_email", "customer_name", "language", "send_email"}},
    {"session.refused", {"open_session"}},
    {"session.reinvited", {"generation"}},
    {"session.activated", {"machine", "expires_at"}},
    {"session.reported", {"checks", "paired"}},
    {"session.ended", {"removal"}},
    {"session.mail", {"mail_state", "mail_tries"}},
    {"session.removal", {"removal"}},
    {"session.handed_over", {"technician", "technician_name"}},
    {"invitation.attempt", {"attempts"}},
    {"computer.added", {"name", "group"}},
    {"computer.changed", {"name", "group"}},
    {"computer.removed", {"name", "group"}},
    {"directory.changed", {"verb", "kind", "id", "changed"}},
    {"audit.signed_in", {"method", "agent", "id"}},
    {"audit.signed_out", {"id"}},
    {"audit.sign_in_refused", {"method"}},
};

void audit_head_first(struct audit_head *head, const char *company)
{
    static const char label[] = "beistand audit v1"; /* with its NUL */
    char text[sizeof label + 64];
    int n = snprintf(text + sizeof label, 64, "%s", company);
    memcpy(text, label, sizeof label);
    head->seq = 0;
    sha256_hex(head->hash, text, sizeof label + (size_t)n);
}

bool audit_wants(const json_t *event)
{
    const char *type = json_text(event, "type", "");
    return *json_text(event, "company", "") && strcmp(type, "session.repeated") != 0 &&
           strcmp(type, "session.journaled") != 0 && strcmp(type, "computer.journaled") != 0 &&
           strcmp(type, "audit.journaled") != 0;
}

/* Control characters would be the only strings that JSON writers spell differently. */
static json_t *clean_string(const json_t *value)
{
    char *copy = strndup(json_string_value(value), json_string_length(value));
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < 0x20)
            *c = ' ';
    json_t *clean = json_string(copy ? copy : "");
    free(copy);
    return clean;
}

static json_t *clean(const json_t *value, int depth);

static json_t *clean_object(const json_t *value, int depth)
{
    json_t *object = json_object(), *member;
    const char *name;
    json_object_foreach((json_t *)value, name, member)
        json_object_set_new(object, name, clean(member, depth + 1));
    return object;
}

static json_t *clean_array(const json_t *value, int depth)
{
    json_t *array = json_array();
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(array, clean(json_array_get(value, i), depth + 1));
    return array;
}

static json_t *clean(const json_t *value, int depth)
{
    if (depth > JSON_DEPTH_MAX)
        return json_null();
    if (json_is_string(value))
        return clean_string(value);
    if (json_is_object(value))
        return clean_object(value, depth);
    if (json_is_array(value))
        return clean_array(value, depth);
    if (json_is_real(value)) /* no event has one; a fraction has no single spelling */
        return json_integer((json_int_t)json_real_value(value));
    return json_deep_copy(value);
}

static json_t *details_from_record(const char *type, const json_t *event)
{
    const json_t *given = json_object_get(event, "record");
    const json_t *record = given ? given : event;
    json_t *details = json_object();
    for (size_t i = 0; i < sizeof details_of / sizeof *details_of; i++) {
        const char *const *field = details_of[i].fields;
        for (; strcmp(details_of[i].type, type) == 0 && *field; field++) {
            const char *text = json_text(record, *field, "");
            json_t *object = *text == '{' ? json_loads(text, 0, NULL) : NULL;
            if (*text)
                json_object_set_new(details, *field, object ? object : json_string(text));
        }
    }
    return details;
}

static json_t *details(const json_t *event)
{
    const json_t *given = json_object_get(event, "details");
    json_t *raw = json_is_object(given) ? json_incref((json_t *)given)
                                        : details_from_record(json_text(event, "type", ""), event);
    json_t *value = clean(raw, 0);
    json_decref(raw);
    char *text = json_dumps(value, JSON_COMPACT);
    if (text && strlen(text) <= AUDIT_DETAILS_MAX) {
        free(text);
        return value;
    }
    free(text);
    json_decref(value);
    return json_pack("{sb}", "too_long", true);
}

static void set_text(json_t *record, const char *name, const char *value)
{
    if (value && *value)
        json_object_set_new(record, name, json_string(value));
}

static void set_time(json_t *record, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(ms % 1000));
    set_text(record, "time", text);
}

static json_t *actor(const json_t *event)
{
    const json_t *given = json_object_get(event, "actor");
    return json_is_object(given) ? clean(given, 0) : json_pack("{ss}", "type", "service");
}

static const char *reason(const json_t *event)
{
    const char *refused = json_text(event, "refused", json_text(event, "reason", NULL));
    bool ended = strcmp(json_text(event, "type", ""), "session.ended") == 0;
    return refused || !ended ? refused : json_text(json_object_get(event, "record"), "reason", NULL);
}

static void hash_record(struct audit_head *head, const char *text)
{
    size_t n = strlen(text);
    char *both = malloc(AUDIT_HASH_SIZE - 1 + n);
    if (!both)
        abort(); /* a few kilobytes: there is nothing left to do without */
    memcpy(both, head->hash, AUDIT_HASH_SIZE - 1);
    memcpy(both + AUDIT_HASH_SIZE - 1, text, n);
    sha256_hex(head->hash, both, AUDIT_HASH_SIZE - 1 + n);
    free(both);
}

struct audit_record audit_record(const json_t *event, const char *id, struct audit_head *head)
{
    const char *type = json_text(event, "type", "");
    json_t *record = json_pack("{sI ss ss so so}", "seq", (json_int_t)(head->seq + 1), "prev", head->hash, "id", id, "actor",
                               actor(event), "details", details(event));
    set_text(record, "type", type);
    set_text(record, "company", json_text(event, "company", NULL));
    set_text(record, "session", json_text(event, "session", NULL));
    set_text(record, "computer", json_text(event, "computer", NULL));
    set_text(record, "reason", reason(event));
    set_time(record, json_number(event, "time", 0));
    struct audit_record out = {.text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS)};
    if (strcmp(type, "audit.trimmed") == 0)
        out.cut = json_number(json_object_get(record, "details"), "seq", 0);
    json_decref(record);
    if (out.text) {
        hash_record(head, out.text);
        head->seq++;
    }
    return out;
}
