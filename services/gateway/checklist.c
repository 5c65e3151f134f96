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

enum { STEPS = sizeof steps / sizeof *steps };

struct step {
    const char *state, *reason;
    char at[24]; /* milliseconds */
};

static void set_time(struct step *s, const json_t *times, const char *name)
{
    snprintf(s->at, sizeof s->at, "%lld", (long long)json_number(times, name, 0));
}

static struct step check_step(size_t i, const struct session_record *r, const json_t *checks, const json_t *times)
{
    struct step s = {.state = json_text(checks, steps[i].check, "pending"), .reason = ""};
    if (strcmp(s.state, "failed") == 0)
        s.reason = steps[i].reason ? steps[i].reason : r->setup_reason;
    set_time(&s, times, steps[i].check);
    return s;
}

/* A wrong code stays visible until the right one comes. */
static struct step code_step(const struct session_record *r)
{
    const char *activated = r->activated_at, *reason = r->code_reason;
    struct step s = {.state = *activated ? "ok" : *reason ? "failed" : "pending", .reason = *activated ? "" : reason};
    snprintf(s.at, sizeof s.at, "%s", *activated ? activated : r->code_at);
    return s;
}

static struct step paired_step(const struct session_record *r, const json_t *times)
{
    struct step s = {.state = strcmp(r->paired, "1") == 0 ? "ok" : "pending", .reason = ""};
    set_time(&s, times, "paired");
    return s;
}

/* What was never reported although a later step is done was passed another way: a link typed by hand has no page. */
static void mark_skipped(struct step list[STEPS])
{
    bool later = false;
    for (size_t i = STEPS; i-- > 0;) {
        if (later && strcmp(list[i].state, "pending") == 0)
            list[i].state = "skipped";
        later = later || strcmp(list[i].state, "ok") == 0;
    }
}

static void write_step(struct json_out *o, size_t i, const struct step *s)
{
    json_out_raw(o, i > 0 ? ",{" : "{", i > 0 ? 2 : 1);
    json_out_text(o, "step", steps[i].step);
    json_out_name(o, "state");
    json_out_string(o, s->state, strlen(s->state));
    time_member(o, "at", s->at);
    json_out_text(o, "reason", s->reason);
    json_out_raw(o, "}", 1);
}

void checklist_write(struct json_out *o, const struct session_record *r, const json_t *checks)
{
    struct step list[STEPS];
    json_t *times = *r->check_times ? json_loads(r->check_times, 0, NULL) : NULL;
    for (size_t i = 0; i < STEPS; i++)
        list[i] = steps[i].check                        ? check_step(i, r, checks, times)
                  : strcmp(steps[i].step, "code") == 0 ? code_step(r)
                                                        : paired_step(r, times);
    mark_skipped(list);
    json_out_raw(o, "[", 1);
    for (size_t i = 0; i < STEPS; i++)
        write_step(o, i, &list[i]);
    json_out_raw(o, "]", 1);
    json_decref(times);
}
