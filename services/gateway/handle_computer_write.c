/* POST, PATCH and DELETE of computers, and the import of a list (text/csv). Administrators look after managed computers;
 * each write is one run of proto/lua/computer.lua, a whole file too. Deleting an ad-hoc computer ends its session. */
#include "gateway.h"

#include "common/csv.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMPORT_MAX = 1000, ERRORS_MAX = 100 };

static const char rules[] = "name and group are text in one line of at most 120 bytes, note of at most 500; managed and "
                            "adhoc are no names of groups.";

/* ---- texts ---- */

/* A copy without blanks at both ends; NULL when it is no UTF-8. */
static json_t *trimmed(const char *text)
{
    size_t n;
    text += strspn(text, " ");
    n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    return json_stringn(text, n);
}

/* What is wrong with the text of a column, or NULL. value: trimmed. */
static const char *text_error(const char *column, const json_t *value)
{
    const char *text = json_string_value(value);
    bool note = strcmp(column, "note") == 0;
    if (!text)
        return "is not UTF-8";
    if (strlen(text) > (note ? COMPUTER_NOTE_MAX : COMPUTER_NAME_MAX))
        return "is too long";
    for (const char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 && !(note && (*c == '\n' || *c == '\r' || *c == '\t'))) || *c == 0x7F)
            return "has a control character";
    if (strcmp(column, "name") == 0 && !*text)
        return "is missing";
    if (strcmp(column, "group") == 0 && (strcmp(text, "managed") == 0 || strcmp(text, "adhoc") == 0))
        return "is a name that is taken";
    return NULL;
}

/* ---- the command ---- */

static json_t *command_new(struct call *c, const char *verb)
{
    new_id(c->command, c->who.bucket);
    return json_pack("{ss ss s{ss ss} ss}", "verb", verb, "company", c->who.company, "actor", "type", "technician",
                     "id", c->who.technician, "command_id", c->command);
}

static bool refuse_unless_administrator(struct call *c)
{
    if (!c->who.administrator)
        call_refuse(c, "permission_missing", "Administrators look after the list of computers.");
    return !c->who.administrator;
}

/* The transition's answer as an object, or NULL after a refusal. Owned by the caller. */
static json_t *read_outcome(struct call *c, const redisReply *reply, const char *good)
{
    json_t *said = reply && reply->type == REDIS_REPLY_STRING ? json_loads(reply->str, 0, NULL) : NULL;
    char outcome[64];
    snprintf(outcome, sizeof outcome, "%s", json_text(said, "outcome", "unavailable"));
    log_event(LOG_INFO, "computer", "outcome", outcome, "request", c->request->id, NULL);
    if (strcmp(outcome, good) == 0)
        return said;
    if (said)
        json_object_del(said, "outcome");
    respond_problem(c->request, outcome, NULL, said);
    return NULL;
}

/* ---- add ---- */

static void on_item(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *record = hash_object(reply);
    char location[64];
    if (!record) {
        call_refuse(c, "unavailable", "It is done; its state could not be read.");
        return;
    }
    snprintf(location, sizeof location, "/v1/computers/%s", c->session);
    if (strcmp(c->request->method, "POST") == 0)
        http_add_header(c->request, "Location", location);
    respond_computer(c, strcmp(c->request->method, "POST") == 0 ? 201 : 200, computer_view(record));
    json_decref(record);
}

static void on_added(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *said = read_outcome(c, reply, "added");
    if (said)
        store_computer(c->gateway, c->session, on_item, c);
    json_decref(said);
}

/* Members of the body that are there, trimmed and checked; NULL after a refusal. */
static json_t *read_fields(struct call *c)
{
    static const char *const members[] = {"name", "group", "note", NULL};
    json_t *fields = json_object();
    bool good = !json_unknown_member(c->body, members);
    for (const char *const *m = members; *m; m++) {
        const json_t *given = json_object_get(c->body, *m);
        if (!given || (json_is_null(given) && strcmp(*m, "name") != 0))
            continue;
        json_t *value = json_is_string(given) ? trimmed(json_string_value(given)) : NULL;
        good = good && value && !text_error(*m, value);
        json_object_set_new(fields, *m, value ? value : json_null());
    }
    if (good)
        return fields;
    json_decref(fields);
    call_refuse(c, "invalid_request", rules);
    return NULL;
}

static json_t *item_new(struct call *c, const json_t *fields, unsigned line)
{
    char id[ID_SIZE];
    new_id(id, c->who.bucket);
    return json_pack("{ss ss ss ss si}", "id", id, "name", json_text(fields, "name", ""), "group",
                     json_text(fields, "group", ""), "note", json_text(fields, "note", ""), "line", (int)line);
}

void handle_computer_add(struct call *c)
{
    if (refuse_unless_administrator(c))
        return;
    json_t *fields = read_fields(c);
    if (!fields)
        return;
    if (!json_object_get(fields, "name")) {
        json_decref(fields);
        call_refuse(c, "invalid_request", rules);
        return;
    }
    json_t *command = command_new(c, "add"), *item = item_new(c, fields, 1);
    snprintf(c->session, sizeof c->session, "%s", json_text(item, "id", ""));
    json_object_set_new(command, "items", json_pack("[o]", item));
    json_decref(fields);
    store_computer_command(c, command, on_added);
}

/* ---- import ---- */

static void add_error(json_t *errors, unsigned line, const char *column, const char *error)
{
    if (json_array_size(errors) < ERRORS_MAX)
        json_array_append_new(errors, json_pack("{si ss ss}", "line", (int)line, "column", column, "error", error));
}

/* Which column is name, group, note (-1: not there). NULL, or what is wrong with the first line. */
static const char *read_header(const struct csv *csv, int columns[3])
{
    static const char *const names[] = {"name", "group", "note"};
    columns[0] = columns[1] = columns[2] = -1;
    for (size_t i = 0; i < csv->n; i++) {
        size_t k = 0;
        while (k < 3 && strcmp(names[k], csv->fields[i]) != 0)
            k++;
        if (k == 3 || columns[k] >= 0)
            return "The first line must be name,group,note (group and note may be left out), separated by commas.";
        columns[k] = (int)i;
    }
    return columns[0] < 0 ? "The first line must name the column name." : NULL;
}

static void read_row(struct call *c, const struct csv *csv, const int columns[3], size_t n_columns, json_t *items,
                     json_t *errors)
{
    static const char *const names[] = {"name", "group", "note"};
    json_t *fields = json_object();
    if (csv->n != n_columns)
        add_error(errors, csv->line, "", "has not as many fields as the first line");
    for (int k = 0; k < 3 && csv->n == n_columns; k++) {
        json_t *value = columns[k] >= 0 ? trimmed(csv->fields[columns[k]]) : json_string("");
        const char *error = text_error(names[k], value);
        if (error)
            add_error(errors, csv->line, names[k], error);
        json_object_set_new(fields, names[k], value ? value : json_null());
    }
    if (json_array_size(errors) == 0)
        json_array_append_new(items, item_new(c, fields, csv->line));
    json_decref(fields);
}

/* The file's rows in items, and what is wrong in errors. NULL, or why it cannot be read at all. */
static const char *read_file(struct call *c, json_t *items, json_t *errors)
{
    struct csv csv;
    int columns[3];
    size_t rows = 0;
    enum csv_result result;
    csv_init(&csv, c->request->body, c->request->body_size);
    if (csv_read(&csv) != CSV_RECORD)
        return csv.error ? csv.error : "The file is empty.";
    size_t n_columns = csv.n;
    const char *error = read_header(&csv, columns);
    if (error)
        return error;
    while ((result = csv_read(&csv)) == CSV_RECORD) {
        if (++rows > IMPORT_MAX)
            return "A file has at most 1000 computers; send several.";
        read_row(c, &csv, columns, n_columns, items, errors);
    }
    if (result == CSV_BAD)
        add_error(errors, csv.line, "", csv.error);
    return rows == 0 && result == CSV_END ? "The file has no computers." : NULL;
}

static void on_imported(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *said = read_outcome(c, reply, "added");
    if (said)
        respond_json(c->request, 201, json_pack("{sI}", "imported", (json_int_t)c->limit));
    json_decref(said);
}

void handle_computer_import(struct call *c)
{
    const char *type = http_header(c->request, "Content-Type");
    if (refuse_unless_administrator(c))
        return;
    if (!type || strncmp(type, "text/csv", 8) != 0) {
        call_refuse(c, "invalid_request", "The body must be text/csv.");
        return;
    }
    json_t *items = json_array(), *errors = json_array();
    const char *unreadable = read_file(c, items, errors);
    if (unreadable || json_array_size(errors) > 0) {
        json_decref(items);
        respond_problem(c->request, "invalid_request", unreadable ? unreadable : "Nothing was imported; see errors.",
                        json_pack("{so}", "errors", errors));
        return;
    }
    json_decref(errors);
    c->limit = (unsigned)json_array_size(items);
    json_t *command = command_new(c, "add");
    json_object_set_new(command, "items", items);
    store_computer_command(c, command, on_imported);
}

/* ---- change ---- */

static void on_changed(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *said = read_outcome(c, reply, "changed");
    if (said)
        store_computer(c->gateway, c->session, on_item, c);
    json_decref(said);
}

static void change(struct call *c)
{
    if (c->adhoc) { /* S-26 */
        call_refuse(c, "wrong_state", "The computer of an ad-hoc session cannot become a managed one.");
        return;
    }
    json_t *fields = read_fields(c);
    if (!fields)
        return;
    json_t *command = command_new(c, "change");
    json_object_set_new(command, "id", json_string(c->session));
    json_object_set_new(command, "fields", fields);
    const char *match = http_header(c->request, "If-Match");
    size_t n = match ? strlen(match) : 0;
    if (match && strcmp(match, "*") != 0)
        json_object_set_new(command, "version",
                            n > 2 && match[0] == '"' && match[n - 1] == '"' ? json_stringn(match + 1, n - 2)
                                                                            : json_string(""));
    store_computer_command(c, command, on_changed);
}

void handle_computer_change(struct call *c)
{
    if (!refuse_unless_administrator(c))
        with_computer(c, change);
}

/* ---- remove ---- */

static void on_removed(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *said = read_outcome(c, reply, "removed");
    if (said)
        http_respond(c->request, 204, NULL, "", 0);
    json_decref(said);
}

static void remove_computer(struct call *c)
{
    const char *force = http_query(c->request, "force");
    const json_t *view = json_object_get(c->parts, "view");
    if (c->adhoc && json_is_true(json_object_get(view, "in_use")) && (!force || strcmp(force, "true") != 0)) {
        call_refuse(c, "computer_in_use", "Somebody is connected to it. force=true ends the session all the same.");
    } else if (c->adhoc) {
        end_session_as(c, "computer_deleted");
    } else if (!refuse_unless_administrator(c)) {
        json_t *command = command_new(c, "remove");
        json_object_set_new(command, "id", json_string(c->session));
        store_computer_command(c, command, on_removed);
    }
}

void handle_computer_remove(struct call *c)
{
    with_computer(c, remove_computer);
}
