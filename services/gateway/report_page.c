/* The session's report as a page to print, in the reader's language (proto/texts/report.json). Every value is escaped;
 * there is no script. */
#include "audit.h"

#include "generated/texts_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 64, VALUE_MAX = 1024 };

struct page {
    struct text text;
    enum language language;
};

static const char *translated(const struct page *p, enum text_report id)
{
    return text_report(id, p->language);
}

/* The text of "prefix" + name with _ for each dot; name itself when there is none. */
static const char *named(const struct page *p, const char *prefix, const char *name)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    for (char *c = key; *c; c++)
        if (*c == '.')
            *c = '_';
    const char *text = text_report_named(key, p->language);
    return text ? text : name;
}

/* 2026-01-31T12:00:00.123Z as 2026-01-31 12:00:00. */
static void put_time(struct page *p, const char *time)
{
    char text[20] = "";
    snprintf(text, sizeof text, "%s", time);
    if (strlen(text) > 10)
        text[10] = ' ';
    text_html(&p->text, text);
}

static void open_row(struct page *p, enum text_report label)
{
    text_puts(&p->text, "<tr><th scope=\"row\">");
    text_html(&p->text, translated(p, label));
    text_puts(&p->text, "</th><td>");
}

static void put_fact(struct page *p, enum text_report label, const char *value)
{
    if (!*value)
        return;
    open_row(p, label);
    text_html(&p->text, value);
    text_puts(&p->text, "</td></tr>\n");
}

static void put_moment(struct page *p, enum text_report label, const char *time)
{
    if (!*time)
        return;
    open_row(p, label);
    put_time(p, time);
    text_puts(&p->text, "</td></tr>\n");
}

/* The reason's code, and what it means. */
static void put_reason(struct page *p, const char *code)
{
    const struct reason *reason = reason_find(code);
    text_html(&p->text, code);
    if (reason) {
        text_puts(&p->text, "<br><small>");
        text_html(&p->text, reason->technician[p->language]);
        text_puts(&p->text, "</small>");
    }
}

static void put_facts(struct page *p, const json_t *session)
{
    char both[VALUE_MAX];
    const json_t *machine = json_object_get(session, "machine");
    const char *name = json_text(session, "customer_name", ""), *email = json_text(session, "customer_email", "");
    text_puts(&p->text, "<table class=\"facts\">\n");
    put_fact(p, TEXT_REPORT_SESSION, json_text(session, "id", ""));
    put_fact(p, TEXT_REPORT_TECHNICIAN, json_text(json_object_get(session, "technician"), "name", ""));
    snprintf(both, sizeof both, "%s%s%s", name, *name && *email ? ", " : "", email);
    put_fact(p, TEXT_REPORT_CUSTOMER, both);
    snprintf(both, sizeof both, "%s %s %s", json_text(machine, "name", ""), json_text(machine, "os", ""),
             json_text(machine, "version", ""));
    put_fact(p, TEXT_REPORT_COMPUTER, machine && json_is_object(machine) ? both : "");
    put_fact(p, TEXT_REPORT_STATUS, named(p, "state_", json_text(session, "status", "")));
    put_moment(p, TEXT_REPORT_CREATED, json_text(session, "created_at", ""));
    put_moment(p, TEXT_REPORT_ACTIVATED, json_text(session, "activated_at", ""));
    put_moment(p, TEXT_REPORT_ENDED, json_text(session, "ended_at", ""));
    if (*json_text(session, "reason", "")) {
        open_row(p, TEXT_REPORT_REASON);
        put_reason(p, json_text(session, "reason", ""));
        text_puts(&p->text, "</td></tr>\n");
    }
    put_fact(p, TEXT_REPORT_REMOVAL, named(p, "removal_", json_text(session, "removal", "none")));
    text_puts(&p->text, "</table>\n");
}

static void put_actor(struct page *p, const json_t *actor)
{
    const char *name = json_text(actor, "name", "");
    text_html(&p->text, named(p, "actor_", json_text(actor, "type", "service")));
    if (*name) {
        text_puts(&p->text, ": ");
        text_html(&p->text, name);
    }
}

/* name: value, one a line; what has members of its own as JSON. */
static void put_details(struct page *p, const json_t *details)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)details, name, value) {
        char *json = json_is_string(value) ? NULL : json_canonical(value);
        text_html(&p->text, name);
        text_puts(&p->text, ": ");
        text_html(&p->text, json ? json : json_is_string(value) ? json_string_value(value) : "");
        text_puts(&p->text, "<br>");
        free(json);
    }
}

static void put_record(struct page *p, const json_t *record)
{
    text_puts(&p->text, "<tr><td>");
    put_time(p, json_text(record, "time", ""));
    text_puts(&p->text, "</td><td>");
    text_html(&p->text, named(p, "type_", json_text(record, "type", "")));
    text_puts(&p->text, "</td><td>");
    put_actor(p, json_object_get(record, "actor"));
    text_puts(&p->text, "</td><td>");
    text_html(&p->text, json_text(json_object_get(record, "actor"), "address", ""));
    text_puts(&p->text, "</td><td>");
    if (*json_text(record, "reason", ""))
        put_reason(p, json_text(record, "reason", ""));
    else
        put_details(p, json_object_get(record, "details"));
    text_puts(&p->text, "</td></tr>\n");
}

static void put_records(struct page *p, const json_t *records)
{
    static const enum text_report columns[] = {TEXT_REPORT_TIME, TEXT_REPORT_WHAT, TEXT_REPORT_WHO, TEXT_REPORT_ADDRESS,
                                               TEXT_REPORT_DETAILS};
    text_puts(&p->text, "<h2>");
    text_html(&p->text, translated(p, TEXT_REPORT_EVENTS));
    text_puts(&p->text, "</h2>\n<table class=\"events\">\n<thead><tr>");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        text_puts(&p->text, "<th scope=\"col\">");
        text_html(&p->text, translated(p, columns[i]));
        text_puts(&p->text, "</th>");
    }
    text_puts(&p->text, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < json_array_size(records); i++)
        put_record(p, json_array_get(records, i));
    text_puts(&p->text, "</tbody>\n</table>\n");
}

static void put_head(struct page *p)
{
    text_puts(&p->text, "<!doctype html>\n<html lang=\"");
    text_puts(&p->text, language_tag(p->language));
    text_puts(&p->text, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
                        "<meta name=\"robots\" content=\"noindex\">\n<link rel=\"stylesheet\" href=\"/page/report.css\">\n<title>");
    text_html(&p->text, translated(p, TEXT_REPORT_TITLE));
    text_puts(&p->text, "</title>\n</head>\n<body>\n<main>\n<h1>");
    text_html(&p->text, translated(p, TEXT_REPORT_TITLE));
    text_puts(&p->text, "</h1>\n");
}

static void put_foot(struct page *p, const json_t *report)
{
    char line[VALUE_MAX], time[20] = "";
    snprintf(time, sizeof time, "%s", json_text(report, "generated_at", ""));
    if (strlen(time) > 10)
        time[10] = ' ';
    const char *values[] = {"name", json_text(json_object_get(report, "generated_by"), "name", ""), "company",
                            json_text(report, "company", ""), "time", time, NULL};
    text_fill(line, sizeof line, translated(p, TEXT_REPORT_GENERATED), values);
    text_puts(&p->text, "<p class=\"small\">");
    text_html(&p->text, line);
    text_puts(&p->text, "</p>\n<p class=\"small\">");
    text_html(&p->text, translated(p, TEXT_REPORT_ABOUT));
    text_puts(&p->text, "</p>\n</main>\n</body>\n</html>\n");
}

char *report_page(const json_t *report, enum language language)
{
    struct page p = {.text = {.max = REPORT_BYTES_MAX}, .language = language};
    put_head(&p);
    put_facts(&p, json_object_get(report, "session"));
    put_records(&p, json_object_get(report, "records"));
    put_foot(&p, report);
    return text_take(&p.text);
}
