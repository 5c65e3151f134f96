/* From the record (strings, as Redis and the journal hold it) to the API's session. */
#include "gateway.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "2025-06-15T15:06:40.123Z", or "" for no time. The days are those of the proleptic Gregorian calendar, counted in eras of
 * 400 years that begin with March. */
static const char *time_text(char out[TIME_TEXT_SIZE], const char *ms)
{
    long long n = ms && *ms ? strtoll(ms, NULL, 10) : 0;
    out[0] = '\0';
    if (n <= 0 || n > 253402300799999)
        return out;
    unsigned milli = (unsigned)(n % 1000), second = (unsigned)(n / 1000 % 86400), day = (unsigned)(n / 86400000) + 719468;
    unsigned era = day / 146097, of_era = day % 146097;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100), march = (5 * of_year + 2) / 153;
    unsigned month = march < 10 ? march + 3 : march - 9;
    snprintf(out, TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year + era * 400 + (month <= 2), month,
             of_year - (153 * march + 2) / 5 + 1, second / 3600, second / 60 % 60, second % 60, milli);
    return out;
}

json_t *time_view(const char *ms)
{
    char text[TIME_TEXT_SIZE];
    return *time_text(text, ms) ? json_string(text) : json_null();
}

void time_member(struct json_out *o, const char *name, const char *ms)
{
    char text[TIME_TEXT_SIZE];
    json_out_text(o, name, time_text(text, ms));
}

static unsigned number_of(const json_t *record, const char *name)
{
    return (unsigned)strtoul(json_text(record, name, "0"), NULL, 10);
}

/* "" while there is nothing to install. */
static void install_url(const struct gateway *g, const json_t *record, char *url, size_t size)
{
    char token[LINK_TOKEN_SIZE], typed[LINK_TYPED_SIZE];
    const char *sid = json_text(record, "id", "");
    url[0] = '\0';
    if (strcmp(json_text(record, "state", ""), "invited") != 0 ||
        derive_link_token(g->keys, json_text(record, "kid", ""), sid, number_of(record, "generation"), token) != 0)
        return;
    link_token_typed(typed, token);
    snprintf(url, size, "%s/i/%s#%s", g->settings.origin, sid, typed);
}

static void text_of(struct json_out *o, const char *name, const json_t *record, const char *field)
{
    json_out_text(o, name, json_text(record, field, ""));
}

static void time_of(struct json_out *o, const char *name, const json_t *record)
{
    time_member(o, name, json_text(record, name, ""));
}

static void open_object(struct json_out *o, const char *name)
{
    json_out_name(o, name);
    json_out_raw(o, "{", 1);
}

static void close_object(struct json_out *o)
{
    json_out_raw(o, "}", 1);
}

/* What the program told of the machine; null when it is not JSON. */
static void write_machine(struct json_out *o, const json_t *record)
{
    const char *text = json_text(record, "machine", "");
    json_t *machine = *text ? json_loads(text, 0, NULL) : NULL;
    json_out_name(o, "machine");
    json_out_value(o, machine);
    json_decref(machine);
}

/* What stands in the way of the set-up, as the program said it; null: nothing. */
static void write_setup(struct json_out *o, const json_t *record)
{
    if (!*json_text(record, "setup_reason", "")) {
        json_out_text(o, "setup", "");
        return;
    }
    open_object(o, "setup");
    text_of(o, "reason", record, "setup_reason");
    text_of(o, "detail", record, "setup_detail");
    close_object(o);
}

static void write_people(struct json_out *o, const json_t *record)
{
    static const char *const texts[] = {"customer_email", "customer_name", "language", "note"};
    open_object(o, "technician");
    text_of(o, "id", record, "technician");
    text_of(o, "name", record, "technician_name");
    close_object(o);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text_of(o, texts[i], record, texts[i]);
}

static void write_times_and_mail(struct json_out *o, const json_t *record)
{
    static const char *const times[] = {"created_at", "invitation_expires_at", "activated_at", "expires_at", "ended_at"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        time_of(o, times[i], record);
    open_object(o, "mail");
    text_of(o, "state", record, "mail_state");
    time_member(o, "sent_at", json_text(record, "mail_sent_at", ""));
    time_member(o, "retry_at", json_text(record, "mail_retry_at", ""));
    json_out_number(o, "tries", number_of(record, "mail_tries"));
    close_object(o);
}

static void write_state(struct json_out *o, const json_t *record, const json_t *presence)
{
    json_out_text(o, "id", json_text(record, "id", ""));
    text_of(o, "status", record, "state");
    json_out_bool(o, "paired", strcmp(json_text(record, "paired", "0"), "1") == 0);
    text_of(o, "reason", record, "reason");
    json_out_bool(o, "online", presence != NULL);
    time_member(o, "online_since", presence ? json_text(presence, "since", "") : "");
}

static void write_addresses(struct json_out *o, const struct gateway *g, const json_t *record)
{
    char version[64], url[512];
    snprintf(version, sizeof version, "%s-%s", json_text(record, "epoch", "1"), json_text(record, "version", "0"));
    json_out_text(o, "version", version);
    install_url(g, record, url, sizeof url);
    json_out_text(o, "install_url", url);
    snprintf(url, sizeof url, "%s/i/%s/download", g->settings.origin, json_text(record, "id", ""));
    json_out_text(o, "program_url", url);
}

char *session_text(const struct gateway *g, const json_t *record, const json_t *presence, const char *code_prefix)
{
    struct json_out o = {0};
    unsigned attempts = number_of(record, "attempts");
    const char *said = json_text(record, "checks", "{}");
    json_t *checks = strcmp(said, "{}") == 0 ? NULL : json_loads(said, 0, NULL);
    bool given = json_is_object(checks), online = presence && strcmp(json_text(record, "state", ""), "active") == 0;
    json_out_raw(&o, "{", 1);
    write_state(&o, record, online ? presence : NULL);
    write_people(&o, record);
    write_times_and_mail(&o, record);
    write_machine(&o, record);
    json_out_name(&o, "checks");
    if (given)
        json_out_value(&o, checks);
    else
        json_out_raw(&o, "{}", 2);
    json_out_number(&o, "attempts_left", attempts >= 5 ? 0 : 5 - attempts);
    json_out_number(&o, "generation", number_of(record, "generation"));
    text_of(&o, "removal", record, "removal");
    time_of(&o, "removed_at", record);
    write_addresses(&o, g, record);
    time_member(&o, "last_online", online ? "" : json_text(record, "last_online", ""));
    json_out_text(&o, "last_state", online ? "" : json_text(record, "last_state", ""));
    write_setup(&o, record);
    json_out_name(&o, "checklist");
    checklist_write(&o, record, given ? checks : NULL);
    if (code_prefix)
        json_out_text(&o, "code_prefix", code_prefix);
    close_object(&o);
    json_decref(checks);
    return json_out_end(&o);
}

json_t *session_view(const struct gateway *g, const json_t *record, const json_t *presence)
{
    char *text = session_text(g, record, presence, NULL);
    json_t *view = text ? json_loads(text, 0, NULL) : NULL;
    if (!view)
        log_event(LOG_ERROR, "view_failed", "session", json_text(record, "id", ""), NULL);
    free(text);
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
    snprintf(location, sizeof location, "/v1/sessions/%s", sid);
    http_add_header(c->request, "Location", location);
    respond_json_text(c->request, 201, session_text(g, record, NULL, code));
}
