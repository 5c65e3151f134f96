/* See json.h. */
#include "json.h"

#include "generated/reasons.h"
#include "log.h"
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_AFTER_S = 2 };

/* jansson's own limit is 2048 levels: far more than any message here, and a deep recursion. */
static bool too_deep(const char *text, size_t size)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

json_t *json_read(const char *text, size_t size, char error[128])
{
    json_error_t e;
    if (too_deep(text, size)) {
        snprintf(error, 128, "nested deeper than %d levels", JSON_DEPTH_MAX);
        return NULL;
    }
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
    if (!value) {
        snprintf(error, 128, "line %d, column %d: %.80s", e.line, e.column, e.text);
        return NULL;
    }
    if (!json_is_object(value)) {
        snprintf(error, 128, "a JSON object is expected");
        json_decref(value);
        return NULL;
    }
    return value;
}

const char *json_text(const json_t *object, const char *name, const char *fallback)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : fallback;
}

int64_t json_number(const json_t *object, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? (int64_t)json_number_value(value) : fallback;
}

int json_field(const json_t *object, const char *name, size_t max, const char **out)
{
    const json_t *value = json_object_get(object, name);
    *out = NULL;
    if (!value || json_is_null(value))
        return 0;
    if (!json_is_string(value) || json_string_length(value) > max)
        return -1;
    const char *text = json_string_value(value);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t')
            return -1;
    *out = text;
    return 0;
}

const char *json_unknown_member(const json_t *object, const char *const *names)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        const char *const *n = names;
        while (*n && strcmp(*n, key) != 0)
            n++;
        if (!*n)
            return key;
    }
    return NULL;
}

static void respond_text(struct http_request *r, unsigned status, const char *type, char *text)
{
    http_add_header(r, "Cache-Control", "no-store");
    http_respond(r, text ? status : 500, type, text ? text : "{}", text ? strlen(text) : 2);
    free(text);
}

static void respond_value(struct http_request *r, unsigned status, const char *type, json_t *value)
{
    char *text = json_compact(value);
    json_decref(value);
    respond_text(r, status, type, text);
}

void respond_json(struct http_request *r, unsigned status, json_t *value)
{
    respond_value(r, status, "application/json", value);
}

void respond_json_text(struct http_request *r, unsigned status, char *text)
{
    respond_text(r, status, "application/json", text);
}

static void respond_reason(struct http_request *r, const struct reason *reason, int status, const char *detail, json_t *extra)
{
    char type[96], labels[96];
    snprintf(type, sizeof type, "/help#%s", reason->code);
    snprintf(labels, sizeof labels, "reason=\"%s\"", reason->code);
    metric_add("beistand_refusals_total", labels, 1);
    json_t *problem = json_pack("{ss ss si ss ss ss}", "type", type, "title", reason->title, "status", status, "reason",
                                reason->code, "detail", detail ? detail : "", "request_id", r->id);
    if (status == 503 || status == 429) {
        snprintf(type, sizeof type, "%lld", (long long)json_number(extra, "retry_after", RETRY_AFTER_S));
        http_add_header(r, "Retry-After", type);
    }
    if (extra) {
        json_object_update(problem, extra);
        json_decref(extra);
    }
    if (status == 401)
        http_add_header(r, "WWW-Authenticate", "Bearer");
    respond_value(r, (unsigned)status, "application/problem+json", problem);
}

void respond_problem(struct http_request *r, const char *reason, const char *detail, json_t *extra)
{
    const struct reason *known = reason_find(reason);
    if (!known) {
        log_event(LOG_ERROR, "reason_unknown", "reason", reason, "request", r->id, NULL);
        known = reason_find("unavailable");
    }
    /* No status of its own: an end that meets a later request. */
    respond_reason(r, known, known->status ? known->status : 409, detail, extra);
}

void respond_too_large(struct http_request *r, const char *detail)
{
    respond_reason(r, reason_find("invalid_request"), 413, detail, NULL);
}
