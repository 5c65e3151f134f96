/* From the record (strings, as Redis and the journal hold it) to the API's session. */
#include "gateway.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *put_digits(char *to, unsigned value, size_t digits)
{
    for (size_t i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

/* "2025-06-15T15:06:40.123Z", or "" for no time. The days are those of the proleptic Gregorian calendar, counted in eras of
 * 400 years that begin with March. */
static const char *time_text(char out[TIME_TEXT_SIZE], const char *ms)
{
    long long n = ms && *ms ? strtoll(ms, NULL, 10) : 0;
    out[0] = '\0';
    if (n <= 0 || n > 253402300799999)
        return out;
    unsigned second = (unsigned)(n / 1000 % 86400), day = (unsigned)(n / 86400000) + 719468;
    unsigned era = day / 146097, of_era = day % 146097;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100), march = (5 * of_year + 2) / 153;
    unsigned month = march < 10 ? march + 3 : march - 9;
    const struct {
        unsigned value, digits;
        char behind;
    } parts[] = {{year + era * 400 + (month <= 2), 4, '-'}, {month, 2, '-'}, {of_year - (153 * march + 2) / 5 + 1, 2, 'T'},
                 {second / 3600, 2, ':'}, {second / 60 % 60, 2, ':'}, {second % 60, 2, '.'}, {(unsigned)(n % 1000), 3, 'Z'}};
    char *to = out;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        to = put_digits(to, parts[i].value, parts[i].digits);
        *to++ = parts[i].behind;
    }
    *to = '\0';
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

static unsigned number_of(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

/* "" while there is nothing to install. */
static void install_url(const struct gateway *g, const struct session_record *r, char *url, size_t size)
{
    char token[LINK_TOKEN_SIZE], typed[LINK_TYPED_SIZE];
    url[0] = '\0';
    if (strcmp(r->state, "invited") != 0 || derive_link_token(g->keys, r->kid, r->id, number_of(r->generation), token) != 0)
        return;
    link_token_typed(typed, token);
    snprintf(url, size, "%s/i/%s#%s", g->settings.origin, r->id, typed);
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
static void write_machine(struct json_out *o, const struct session_record *r)
{
    json_t *machine = *r->machine ? json_loads(r->machine, 0, NULL) : NULL;
    json_out_name(o, "machine");
    json_out_value(o, machine);
    json_decref(machine);
}

/* What stands in the way of the set-up, as the program said it; null: nothing. */
static void write_setup(struct json_out *o, const struct session_record *r)
{
    if (!*r->setup_reason) {
        json_out_text(o, "setup", "");
        return;
    }
    open_object(o, "setup");
    json_out_text(o, "reason", r->setup_reason);
    json_out_text(o, "detail", r->setup_detail);
    close_object(o);
}

static void write_people(struct json_out *o, const struct session_record *r)
{
    open_object(o, "technician");
    json_out_text(o, "id", r->technician);
    json_out_text(o, "name", r->technician_name);
    close_object(o);
    json_out_text(o, "customer_email", r->customer_email);
    json_out_text(o, "customer_name", r->customer_name);
    json_out_text(o, "language", r->language);
    json_out_text(o, "note", r->note);
}

static void write_times_and_mail(struct json_out *o, const struct session_record *r)
{
    time_member(o, "created_at", r->created_at);
    time_member(o, "invitation_expires_at", r->invitation_expires_at);
    time_member(o, "activated_at", r->activated_at);
    time_member(o, "expires_at", r->expires_at);
    time_member(o, "ended_at", r->ended_at);
    open_object(o, "mail");
    json_out_text(o, "state", r->mail_state);
    time_member(o, "sent_at", r->mail_sent_at);
    time_member(o, "retry_at", r->mail_retry_at);
    json_out_number(o, "tries", number_of(r->mail_tries));
    close_object(o);
}

/* since: "" unless it is online. */
static void write_state(struct json_out *o, const struct session_record *r, const char *since)
{
    json_out_text(o, "id", r->id);
    json_out_text(o, "status", r->state);
    json_out_bool(o, "paired", strcmp(r->paired, "1") == 0);
    json_out_text(o, "reason", r->reason);
    json_out_bool(o, "online", *since);
    time_member(o, "online_since", since);
}

/* checks: an object or NULL. */
static void write_checks(struct json_out *o, const struct session_record *r, const json_t *checks)
{
    unsigned attempts = number_of(r->attempts);
    json_out_name(o, "checks");
    if (checks)
        json_out_value(o, checks);
    else
        json_out_raw(o, "{}", 2);
    json_out_number(o, "attempts_left", attempts >= 5 ? 0 : 5 - attempts);
    json_out_number(o, "generation", number_of(r->generation));
    json_out_text(o, "removal", r->removal);
    time_member(o, "removed_at", r->removed_at);
}

static void write_addresses(struct json_out *o, const struct gateway *g, const struct session_record *r)
{
    char version[64], url[512];
    snprintf(version, sizeof version, "%s-%s", *r->epoch ? r->epoch : "1", *r->version ? r->version : "0");
    json_out_text(o, "version", version);
    install_url(g, r, url, sizeof url);
    json_out_text(o, "install_url", url);
    snprintf(url, sizeof url, "%s/i/%s/download", g->settings.origin, r->id);
    json_out_text(o, "program_url", url);
}

char *session_text(const struct gateway *g, const struct session_record *r, const char *since, const char *code_prefix)
{
    struct json_out o = {0};
    json_t *said = *r->checks && strcmp(r->checks, "{}") != 0 ? json_loads(r->checks, 0, NULL) : NULL;
    const json_t *checks = json_is_object(said) ? said : NULL;
    bool online = *since && strcmp(r->state, "active") == 0;
    json_out_raw(&o, "{", 1);
    write_state(&o, r, online ? since : "");
    write_people(&o, r);
    write_times_and_mail(&o, r);
    write_machine(&o, r);
    write_checks(&o, r, checks);
    write_addresses(&o, g, r);
    time_member(&o, "last_online", online ? "" : r->last_online);
    json_out_text(&o, "last_state", online ? "" : r->last_state);
    write_setup(&o, r);
    json_out_name(&o, "checklist");
    checklist_write(&o, r, checks);
    if (code_prefix)
        json_out_text(&o, "code_prefix", code_prefix);
    close_object(&o);
    json_decref(said);
    return json_out_end(&o);
}

static struct session_record record_of(const json_t *record)
{
    return (struct session_record){
#define X(name) .name = json_text(record, #name, ""),
        SESSION_FIELDS(X)
#undef X
    };
}

json_t *session_view(const struct gateway *g, const json_t *record, const json_t *presence)
{
    struct session_record r = record_of(record);
    char *text = session_text(g, &r, json_text(presence, "since", ""), NULL);
    json_t *view = text ? json_loads(text, 0, NULL) : NULL;
    if (!view)
        log_event(LOG_ERROR, "view_failed", "session", r.id, NULL);
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
    struct session_record r = record_of(record);
    char code[CODE_PREFIX_SIZE], location[64];
    if (derive_code_prefix(g->keys, r.kid, r.id, number_of(r.generation), code) != 0) {
        call_refuse(c, "unavailable", "The secret key of this invitation is not loaded here.");
        return;
    }
    snprintf(location, sizeof location, "/v1/sessions/%s", r.id);
    http_add_header(c->request, "Location", location);
    respond_json_text(c->request, 201, session_text(g, &r, "", code));
}
