/* JSON of requests, commands and events (jansson) with limits: objects only at the top, duplicate keys
 * refused, nesting at most JSON_DEPTH_MAX. */
#ifndef BEISTAND_JSON_H
#define BEISTAND_JSON_H

#include "http.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 16 };

/* NULL when text is not such an object; error says why in at most 127 characters. Owned by the caller. */
json_t *json_read(const char *text, size_t size, char error[128]);

/* Member as text; fallback when absent or null or not a string. Borrowed. */
const char *json_text(const json_t *object, const char *name, const char *fallback);
int64_t json_number(const json_t *object, const char *name, int64_t fallback);

/* Reads an optional text member: 0 and *out (NULL when absent or null), or -1 when it is no string, is
 * longer than max bytes or has control characters. */
int json_field(const json_t *object, const char *name, size_t max, const char **out);
/* NULL when every member's name is in the list (ends with NULL), else the first that is not. */
const char *json_unknown_member(const json_t *object, const char *const *names);

/* The value's text without blanks; canonical: members by name. NULL without memory or value. To be free()d. Use no
 * json_dumps(): what it gives is of jansson's own memory (json_pool.h). */
char *json_compact(const json_t *value);
char *json_canonical(const json_t *value);

/* Answers with value and lets it go. */
void respond_json(struct http_request *r, unsigned status, json_t *value);
/* The same with a text that was written already; lets it go. NULL: there was no memory. */
void respond_json_text(struct http_request *r, unsigned status, char *text);
/* RFC 9457 problem with the reason's HTTP status and title (proto/reasons.json), detail (may be NULL) and
 * the members of extra (may be NULL; let go; its retry_after, in seconds, is the header too). Counts beistand_refusals_total{reason}. */
void respond_problem(struct http_request *r, const char *reason, const char *detail, json_t *extra);
/* invalid_request as 413. */
void respond_too_large(struct http_request *r, const char *detail);

#endif
