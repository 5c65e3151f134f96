/* GET /v1/computers and GET /v1/computers/{id}: managed computers by group and name, and the group of ad-hoc support
 * sessions: the PCs of the active sessions that the asking person may see (S-25). An ad-hoc computer has its session's
 * id. */
#include "gateway.h"

#include "proto/c/b64url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBER_MAX = 512, BOUND_MAX = MEMBER_MAX + 8 };

/* ---- views ---- */

json_t *computer_view(const json_t *record)
{
    char version[64];
    snprintf(version, sizeof version, "%s-%s", json_text(record, "epoch", "1"), json_text(record, "version", "0"));
    return json_pack("{ss ss ss ss ss sb sn so so sn sb ss}", "id", json_text(record, "id", ""), "kind", "managed",
                     "name", json_text(record, "name", ""), "group", json_text(record, "group", ""), "note",
                     json_text(record, "note", ""), "online", false, "online_since", "last_online",
                     time_view(json_text(record, "last_online", "")), "created_at",
                     time_view(json_text(record, "created_at", "")), "session", "in_use", false, "version", version);
}

json_t *adhoc_view(const json_t *record, const json_t *presence, bool in_use)
{
    char version[64];
    json_t *machine = json_loads(json_text(record, "machine", ""), 0, NULL);
    const char *sid = json_text(record, "id", "");
    snprintf(version, sizeof version, "%s-%s", json_text(record, "epoch", "1"), json_text(record, "version", "0"));
    json_t *view = json_pack(
        "{ss ss ss ss ss sb so so so ss sb ss s{ss ss} so ss}", "id", sid, "kind", "adhoc", "name",
        json_text(machine, "name", ""), "group", "adhoc", "note", json_text(record, "note", ""), "online",
        presence != NULL, "online_since", presence ? time_view(json_text(presence, "since", "")) : json_null(),
        "last_online", presence ? json_null() : time_view(json_text(record, "last_online", "")),
        "created_at", time_view(json_text(record, "activated_at", "")), "session", sid, "in_use", in_use, "version",
        version, "technician", "id", json_text(record, "technician", ""), "name",
        json_text(record, "technician_name", ""), "expires_at", time_view(json_text(record, "expires_at", "")),
        "customer_name", json_text(record, "customer_name", ""));
    json_decref(machine);
    return view;
}

static void ask_adhoc(struct call *c, const char *sid)
{
    struct gateway *g = c->gateway;
    store_session(g, sid, on_part, part_expected(c, "s", sid));
    store_presence(g, sid, on_part, part_expected(c, "p", sid));
    store_viewers(g, sid, on_part, part_expected(c, "v", sid));
}

/* NULL when the id is no active session of somebody that may be seen. New. */
static json_t *view_adhoc_of(const struct call *c, const char *sid)
{
    const json_t *record = part_of(c, "s", sid);
    if (!record || strcmp(json_text(record, "state", ""), "active") != 0 || !may_see(&c->who, record))
        return NULL;
    return adhoc_view(record, part_of(c, "p", sid), json_integer_value(part_of(c, "v", sid)) > 0);
}

/* ---- the list ---- */

static void finish_list(struct call *c)
{
    json_t *list = json_array();
    const json_t *sessions = json_object_get(c->parts, "sessions"), *ids = json_object_get(c->parts, "ids");
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        json_t *view = view_adhoc_of(c, json_string_value(json_array_get(sessions, i)));
        if (view)
            json_array_append_new(list, view);
    }
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *record = part_of(c, "c", json_string_value(json_array_get(ids, i)));
        if (record)
            json_array_append_new(list, computer_view(record));
    }
    json_t *next = json_object_get(c->parts, "next"), *head = json_object_get(c->parts, "head");
    json_t *answer = json_pack("{so sO}", "computers", list, "next_cursor", next ? next : json_null());
    if (head)
        json_object_update(answer, head);
    respond_json(c->request, 200, answer);
}

/* {groups, licences} from what computer_groups.lua says. */
static void on_head(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *said = reply && reply->type == REDIS_REPLY_STRING ? json_loads(reply->str, 0, NULL) : NULL;
    if (said) {
        json_t *groups = json_object_get(said, "groups");
        json_t *head = json_pack(
            "{so s{sO sO sO sO}}", "groups", groups ? json_incref(groups) : json_array(), "licences", "seats",
            json_object_get(said, "seats"), "managed", json_object_get(said, "managed"), "sessions",
            json_object_get(said, "sessions"), "free", json_object_get(said, "free"));
        json_object_set_new(c->parts, "head", head);
        json_decref(said);
    } else {
        parts_lose(c);
    }
    parts_done(c);
}

static void on_open(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *sessions = json_array();
    json_object_set_new(c->parts, "sessions", sessions);
    if (!reply || reply->type != REDIS_REPLY_ARRAY)
        parts_lose(c);
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        json_array_append_new(sessions, json_string(reply->element[i]->str));
        ask_adhoc(c, reply->element[i]->str);
    }
    parts_done(c);
}

static void on_page(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *ids = json_array();
    json_object_set_new(c->parts, "ids", ids);
    if (!reply || reply->type != REDIS_REPLY_ARRAY)
        parts_lose(c);
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const char *member = reply->element[i]->str, *id = strrchr(member, '\x1f');
        if (!id || bucket_of_id(id + 1) < 0)
            continue;
        json_array_append_new(ids, json_string(id + 1));
        store_computer(c->gateway, id + 1, on_part, part_expected(c, "c", id + 1));
        if (i + 1 == c->limit && strlen(member) <= MEMBER_MAX) {
            char cursor[MEMBER_MAX * 2];
            b64url_encode(cursor, member, strlen(member));
            json_object_set_new(c->parts, "next", json_string(cursor));
        }
    }
    parts_done(c);
}

/* Where the page begins and ends in the index (proto/lua/computer.lua). false: the cursor is not one of ours. */
static bool page_bounds(const char *group, const char *cursor, char first[BOUND_MAX], char last[BOUND_MAX])
{
    char lower[COMPUTER_NAME_MAX + 1] = "", member[MEMBER_MAX + 1];
    size_t n = 0;
    for (; group && group[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)(isupper((unsigned char)group[n]) ? tolower((unsigned char)group[n]) : group[n]);
    snprintf(first, BOUND_MAX, group ? "[%s\x1f" : "-", lower);
    snprintf(last, BOUND_MAX, group ? "(%s\x1f\xFF" : "+", lower);
    if (!cursor)
        return true;
    int size = strlen(cursor) < MEMBER_MAX ? b64url_decode((uint8_t *)member, MEMBER_MAX, cursor) : -1;
    if (size <= 0 || memchr(member, '\0', (size_t)size))
        return false;
    member[size] = '\0';
    if (group && strncmp(member, first + 1, strlen(first + 1)) != 0)
        return false; /* of another group's list */
    snprintf(first, BOUND_MAX, "(%s", member);
    return true;
}

void handle_computers(struct call *c)
{
    const char *group = http_query(c->request, "group"), *cursor = http_query(c->request, "cursor");
    char first[BOUND_MAX], last[BOUND_MAX];
    bool only_adhoc = group && strcmp(group, "adhoc") == 0, only_managed = group && !only_adhoc;
    if (group && (only_adhoc || strcmp(group, "managed") == 0))
        group = NULL;
    if (!read_limit(c) || (group && strlen(group) > COMPUTER_NAME_MAX) || !page_bounds(group, cursor, first, last)) {
        call_refuse(c, "invalid_request",
                    "group is managed, adhoc or a group's name, limit 1 to 100, cursor what an earlier answer gave.");
        return;
    }
    parts_begin(c, finish_list);
    if (!cursor) {
        c->waiting++;
        store_computer_groups(c, on_head);
    }
    if (!cursor && !only_managed) {
        c->waiting++;
        store_open_sessions(c, on_open);
    }
    if (!only_adhoc) {
        c->waiting++;
        store_computer_page(c, first, last, c->limit, on_page);
    }
    parts_done(c);
}

/* ---- one ---- */

static void chosen(struct call *c)
{
    const json_t *record = part_of(c, "c", c->session);
    c->adhoc = !record;
    if (record && strcmp(json_text(record, "company", ""), c->who.company) == 0) {
        c->record = json_incref((json_t *)record);
        c->then(c);
        return;
    }
    json_t *view = record ? NULL : view_adhoc_of(c, c->session);
    if (!view) {
        call_refuse(c, "not_found", NULL);
        return;
    }
    json_object_set_new(c->parts, "view", view);
    c->record = json_incref((json_t *)part_of(c, "s", c->session));
    c->then(c);
}

void with_computer(struct call *c, void (*then)(struct call *c))
{
    if (bucket_of_id(c->session) != c->who.bucket) {
        call_refuse(c, "not_found", NULL);
        return;
    }
    c->then = then;
    parts_begin(c, chosen);
    store_computer(c->gateway, c->session, on_part, part_expected(c, "c", c->session));
    ask_adhoc(c, c->session);
    parts_done(c);
}

void respond_computer(struct call *c, unsigned status, json_t *view)
{
    char tag[80];
    snprintf(tag, sizeof tag, "\"%s\"", json_text(view, "version", ""));
    http_add_header(c->request, "ETag", tag);
    respond_json(c->request, status, view);
}

static void respond_chosen(struct call *c)
{
    json_t *view = json_object_get(c->parts, "view");
    respond_computer(c, 200, c->adhoc ? json_incref(view) : computer_view(c->record));
}

void handle_computer(struct call *c)
{
    with_computer(c, respond_chosen);
}
