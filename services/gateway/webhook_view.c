/* Webhooks and deliveries as the API shows them. No secret has a way through here. */
#include "webhooks.h"

#include <stdlib.h>
#include <string.h>

static json_t *time_of(const json_t *record, const char *name)
{
    return time_view(json_text(record, name, ""));
}

static json_t *text_or_null(const json_t *record, const char *name)
{
    const char *text = json_text(record, name, "");
    return *text ? json_string(text) : json_null();
}

static const char *status_of(const json_t *record, const json_t *state)
{
    if (strcmp(json_text(record, "enabled", "0"), "1") != 0 || *json_text(state, "disabled_at", ""))
        return "disabled";
    return *json_text(state, "failing_since", "") ? "failing" : "ok";
}

json_t *webhook_view(const json_t *record, const json_t *state)
{
    return json_pack("{ss ss so ss ss so so so so so so so ss}", "id", json_text(record, "id", ""), "url",
                     json_text(record, "url", ""), "types", list_view(json_text(record, "types", "")), "description",
                     json_text(record, "description", ""), "status", status_of(record, state), "failing_since",
                     time_of(state, "failing_since"), "disabled_at", time_of(state, "disabled_at"), "disabled_reason",
                     text_or_null(state, "disabled_reason"), "succeeded_at", time_of(state, "succeeded_at"), "created_at",
                     time_of(record, "created_at"), "secret_at", time_of(record, "secret_at"), "previous_secret_until",
                     time_of(record, "previous_until"), "version", json_text(record, "version", "0"));
}

json_t *delivery_view(const json_t *record)
{
    int status = atoi(json_text(record, "last_status", "0"));
    json_t *last = *json_text(record, "last_at", "")
                       ? json_pack("{so so si ss ss}", "at", time_of(record, "last_at"), "status",
                                   status ? json_integer(status) : json_null(), "ms", atoi(json_text(record, "last_ms", "0")),
                                   "error", json_text(record, "last_error", ""), "answer",
                                   json_text(record, "last_answer", ""))
                       : json_null();
    return json_pack("{ss ss ss si so so so}", "id", json_text(record, "id", ""), "type", json_text(record, "type", ""),
                     "state", json_text(record, "state", ""), "attempts", atoi(json_text(record, "attempts", "0")),
                     "created_at", time_of(record, "created_at"), "next_at", time_of(record, "next_at"), "last", last);
}
