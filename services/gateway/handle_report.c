/* GET /v1/sessions/{id}/report: what happened in one session, for whoever may see it: JSON, CSV, or a page to print. */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *format_of(const struct call *c)
{
    const char *format = http_query(c->request, "format");
    return format ? format : "json";
}

/* The session without what is still good for something: an open invitation's link. */
static json_t *report_new(const struct call *c)
{
    json_t *session = session_view(c->gateway, c->record, NULL);
    json_object_del(session, "install_url");
    json_object_del(session, "program_url");
    json_object_del(session, "online");
    json_object_del(session, "online_since");
    return json_pack("{so sO so s{ss ss} ss}", "session", session, "records", json_object_get(c->parts, "records"),
                     "generated_at", ms_view(wall_now_ms()), "generated_by", "id", c->who.technician, "name",
                     json_text(c->who.person, "name", ""), "company", json_text(c->who.firm, "name", ""));
}

static void respond_text(struct call *c, char *text, const char *type)
{
    if (!text) {
        call_refuse(c, "unavailable", "The report is too large.");
        return;
    }
    add_security_headers(c->request);
    http_add_header(c->request, "Cache-Control", "no-store");
    http_respond(c->request, 200, type, text, strlen(text));
    free(text);
}

static void respond_report(struct call *c)
{
    const char *format = format_of(c);
    char name[96];
    json_t *report = report_new(c);
    note(c, "audit.report_made", c->session, json_pack("{ss}", "format", format));
    if (strcmp(format, "csv") == 0) {
        snprintf(name, sizeof name, "attachment; filename=\"session-%s.csv\"", c->session);
        http_add_header(c->request, "Content-Disposition", name);
        respond_text(c, report_csv(report), "text/csv; charset=utf-8");
    } else if (strcmp(format, "html") == 0) {
        respond_text(c, report_page(report, language_asked(c, NULL)), "text/html; charset=utf-8");
    } else {
        respond_json(c->request, 200, json_incref(report));
    }
    json_decref(report);
}

static void read_records(struct call *c)
{
    audit_of_session(c, respond_report);
}

void handle_report(struct call *c)
{
    const char *format = format_of(c);
    if (strcmp(format, "json") != 0 && strcmp(format, "csv") != 0 && strcmp(format, "html") != 0)
        call_refuse(c, "invalid_request", "format is json, csv or html.");
    else
        with_session(c, read_records);
}
