/* Is a command what proto/events/command.json says, as far as a transition relies on it? Redis never rolls a script back: one
 * that fails at its last write because a member has the wrong type would leave what it wrote before. Pure. */
#include "licensing.h"

#include "common/json.h"

#include <string.h>

struct member {
    const char *name;
    json_type type;
    bool optional;
};

static const struct member command_members[] = {
    {"id", JSON_STRING, false}, {"company", JSON_STRING, false}, {"actor", JSON_OBJECT, false}, {"deadline", JSON_INTEGER, false},
    {"args", JSON_OBJECT, false}, {NULL, JSON_NULL, false}};
static const struct member create_args[] = {
    {"technician", JSON_STRING, false}, {"idempotency", JSON_STRING, false}, {"digest", JSON_STRING, false},
    {"send_email", JSON_TRUE, false}, {"session_ms", JSON_INTEGER, false}, {"invitation_ms", JSON_INTEGER, false},
    {"removal_ms", JSON_INTEGER, true}, {"customer_email", JSON_STRING, true}, {"customer_name", JSON_STRING, true},
    {"language", JSON_STRING, true}, {"note", JSON_STRING, true}, {NULL, JSON_NULL, false}};
static const struct member reinvite_args[] = {
    {"technician", JSON_STRING, false}, {"idempotency", JSON_STRING, false}, {"digest", JSON_STRING, false},
    {"administrator", JSON_TRUE, false}, {NULL, JSON_NULL, false}};

/* NULL, or the name of the first that is missing or of another type. */
static const char *wrong_member(const json_t *object, const struct member *members)
{
    for (; members->name; members++) {
        const json_t *value = json_object_get(object, members->name);
        if (!value && members->optional)
            continue;
        if (!value || (json_is_boolean(value) ? JSON_TRUE : json_typeof(value)) != members->type)
            return members->name;
    }
    return NULL;
}

const char *command_malformed(const json_t *command)
{
    const char *type = json_text(command, "type", "");
    bool create = strcmp(type, "session.create") == 0;
    if (!create && strcmp(type, "session.reinvite") != 0)
        return NULL; /* of what is due only the session is read */
    const char *wrong = wrong_member(command, command_members);
    if (!wrong)
        wrong = wrong_member(json_object_get(command, "args"), create ? create_args : reinvite_args);
    if (!wrong && bucket_of_id(json_text(command, "company", "")) != bucket_of_id(json_text(command, "session", "")))
        wrong = "company";
    return wrong;
}
