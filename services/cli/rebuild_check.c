/* What a rebuild takes from a topic. One event that no service wrote (another program's, a broken one) would stop a fold in the middle
 * of a script, or move a bucket's time for ever: it is counted as unreadable and left out. Pure rules. */
#include "rebuild.h"

#include "common/json.h"

#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 256, DIGITS_MAX = 15, HASH_HEX = 64 };

/* Values that Redis takes: a hash's field holds nothing else. */
static bool is_flat(const json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object) || json_object_size(object) == 0 || json_object_size(object) > MEMBERS_MAX)
        return false;
    json_object_foreach((json_t *)object, name, value)
        if (!json_is_string(value) && !json_is_number(value))
            return false;
    return true;
}

static bool is_made_of(const char *text, const char *letters, size_t max)
{
    size_t n = text ? strlen(text) : 0;
    return n > 0 && n <= max && strspn(text, letters) == n;
}

static bool is_whole_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) >= 0
                                  : is_made_of(json_string_value(value), "0123456789", DIGITS_MAX);
}

static bool are_whole_numbers(const json_t *object, const char *const *names)
{
    for (; *names; names++)
        if (!is_whole_number(object, *names))
            return false;
    return true;
}

/* What is there is a number; the scripts do without. */
static bool are_numbers_if_there(const json_t *object, const char *const *names)
{
    for (; *names; names++)
        if (*json_text(object, *names, "") && !is_whole_number(object, *names))
            return false;
    return true;
}

static bool is_hash(const char *text)
{
    return is_made_of(text, "0123456789abcdef", HASH_HEX) && strlen(text) == HASH_HEX;
}

static bool is_same(const json_t *a, const char *name_a, const json_t *b, const char *name_b)
{
    return strcmp(json_text(a, name_a, "?"), json_text(b, name_b, "")) == 0;
}

bool check_event(const json_t *event, long long id_ms, int64_t latest)
{
    int64_t time = json_number(event, "time", 0), epoch = json_number(event, "epoch", 1);
    return id_ms >= 0 && id_ms <= latest && time >= 0 && time <= latest && epoch >= 1 && epoch <= INT32_MAX;
}

bool check_session(const json_t *event, int bucket)
{
    static const char *const needed[] = {"created_at", "invitation_expires_at", "generation", "version", "epoch", NULL};
    static const char *const numbers[] = {"expires_at", "ended_at", "removal_ms", "mail_retry_at", "told", NULL};
    const json_t *record = json_object_get(event, "record");
    const char *state = json_text(record, "state", "");
    bool is_active = strcmp(state, "active") == 0;
    if (!is_active && strcmp(state, "invited") != 0 && strcmp(state, "ended") != 0)
        return false;
    if (is_active && !is_whole_number(record, "expires_at"))
        return false;
    if (strcmp(json_text(record, "removal", ""), "pending") == 0 && !is_whole_number(record, "ended_at"))
        return false;
    return is_flat(record) && are_whole_numbers(record, needed) && are_numbers_if_there(record, numbers) &&
           is_same(record, "id", event, "session") && is_same(record, "company", event, "company") &&
           bucket_of_id(json_text(record, "id", "")) == bucket && bucket_of_id(json_text(record, "company", "")) == bucket &&
           bucket_of_id(json_text(record, "technician", "")) == bucket;
}

bool check_computer(const json_t *event, int bucket)
{
    static const char *const needed[] = {"version", NULL};
    const json_t *record = json_object_get(event, "record");
    return is_flat(record) && are_whole_numbers(record, needed) && json_text(record, "group", NULL) && json_text(record, "name", NULL) &&
           is_same(record, "id", event, "computer") && is_same(record, "company", event, "company") &&
           bucket_of_id(json_text(record, "id", "")) == bucket && bucket_of_id(json_text(record, "company", "")) == bucket;
}

/* The operator's requests are remembered in the bucket of the company that they made. */
bool check_idempotency(const json_t *event, int bucket)
{
    const json_t *given = json_object_get(event, "idempotency");
    const char *owner = json_text(given, "owner", "");
    bool is_owner = strcmp(owner, "operator") == 0 || (is_same(given, "owner", event, "company") && bucket_of_id(owner) == bucket);
    return is_owner && is_hash(json_text(given, "key", "")) && is_flat(json_object_get(given, "fields"));
}

bool check_audit(const json_t *event, int bucket)
{
    const json_t *place = json_object_get(event, "audit");
    const char *prev = json_text(place, "prev", NULL);
    return bucket_of_id(json_text(event, "company", "")) == bucket && json_is_integer(json_object_get(place, "seq")) &&
           json_number(place, "seq", 0) >= 1 && json_number(place, "seq", 0) < INT64_C(1) << 50 &&
           is_hash(json_text(place, "hash", "")) && (!prev || is_hash(prev));
}

bool check_directory(const json_t *event)
{
    static const char *const kinds[] = {"company", "technician", "webhook", "key", NULL}, *const needed[] = {"version", NULL};
    const char *const *kind = kinds;
    while (*kind && strcmp(*kind, json_text(event, "kind", "")) != 0)
        kind++;
    int bucket = bucket_of_id(json_text(event, "id", ""));
    return *kind && bucket >= 0 && are_whole_numbers(event, needed) && bucket_of_id(json_text(event, "company", "")) == bucket &&
           (kind != kinds || is_same(event, "id", event, "company"));
}

/* What is outside the seal says the same as what is inside: else whoever may write to the topic moves somebody to another
 * company, or brings back what they were (an older version with a new number). */
bool check_state(const json_t *event, const json_t *state)
{
    const json_t *fields = json_object_get(state, "fields");
    return is_flat(fields) && is_same(state, "company", event, "company") && is_whole_number(fields, "version") &&
           strtoll(json_text(fields, "version", "-1"), NULL, 10) == json_number(event, "version", 0) &&
           is_made_of(json_text(state, "name", ""), "0123456789abcdefghijklmnopqrstuvwxyz", HASH_HEX) &&
           (strcmp(json_text(event, "kind", ""), "key") != 0 || bucket_of_id(json_text(fields, "technician", "")) >= 0);
}
