/* The live pre-flight checklist (S-14): ten steps in their order, from what the record knows. Pure. */
#include "gateway.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *step, *check, *reason; /* reason of a failed check; NULL: what the program gave */
} steps[] = {
    {"page_opened", "opened", NULL},
    {"program_started", "started", NULL},
    {"administrator", "administrator", "not_administrator"},
    {"windows_version", "windows_version", "windows_unsupported"},
    {"no_host", "no_host", "host_installed"},
    {"no_session", "no_session", "already_activated"},
    {"network", "network", "network_blocked"},
    {"set_up", "set_up", NULL},
    {"code", NULL, NULL},
    {"paired", NULL, NULL},
};

static json_t *object_of(const json_t *record, const char *name)
{
    json_t *value = json_loads(json_text(record, name, "{}"), 0, NULL);
    return value ? value : json_object();
}

static json_t *time_of_number(const json_t *times, const char *name)
{
    return ms_view(json_number(times, name, 0));
}

static json_t *step_new(const char *step, const char *state, json_t *at, const char *reason)
{
    return json_pack("{ss ss so so}", "step", step, "state", state, "at", at, "reason",
                     reason && *reason ? json_string(reason) : json_null());
}

static json_t *check_step(size_t i, const json_t *record, const json_t *checks, const json_t *times)
{
    const char *state = json_text(checks, steps[i].check, "pending");
    const char *reason = steps[i].reason ? steps[i].reason : json_text(record, "setup_reason", "");
    return step_new(steps[i].step, state, time_of_number(times, steps[i].check), strcmp(state, "failed") == 0 ? reason : NULL);
}

/* A wrong code stays visible until the right one comes. */
static json_t *code_step(const json_t *record)
{
    const char *activated = json_text(record, "activated_at", ""), *reason = json_text(record, "code_reason", "");
    if (*activated)
        return step_new("code", "ok", time_view(activated), NULL);
    return step_new("code", *reason ? "failed" : "pending", time_view(json_text(record, "code_at", "")), reason);
}

/* What was never reported although a later step is done was passed another way: a link typed by hand has no page. */
static void mark_skipped(json_t *list)
{
    bool later = false;
    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *step = json_array_get(list, i);
        const char *state = json_text(step, "state", "");
        if (later && strcmp(state, "pending") == 0)
            json_object_set_new(step, "state", json_string("skipped"));
        later = later || strcmp(state, "ok") == 0;
    }
}

json_t *checklist_view(const json_t *record)
{
    json_t *list = json_array(), *checks = object_of(record, "checks"), *times = object_of(record, "check_times");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].check)
            json_array_append_new(list, check_step(i, record, checks, times));
        else if (strcmp(steps[i].step, "code") == 0)
            json_array_append_new(list, code_step(record));
        else
            json_array_append_new(list, step_new("paired", strcmp(json_text(record, "paired", "0"), "1") == 0 ? "ok" : "pending",
                                                 time_of_number(times, "paired"), NULL));
    }
    mark_skipped(list);
    json_decref(checks);
    json_decref(times);
    return list;
}
