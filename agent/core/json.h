/* Small bounded JSON for the program, which has no jansson: flat look-ups in what a server sent, and a writer.
 * RFC 8259 in valid UTF-8; duplicate names, \u0000, and what exceeds the limits below are refused. */
#ifndef BEISTAND_AGENT_JSON_H
#define BEISTAND_AGENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AGENT_JSON_DEPTH = 8,    /* objects and arrays in one another */
    AGENT_JSON_MAX = 65536,  /* bytes */
    AGENT_JSON_MEMBERS = 64, /* of one object */
    AGENT_JSON_NAME = 64,    /* bytes of a name with the NUL */
};

/* Is text (n bytes) one JSON object within the limits? The getters below want such a text with a NUL behind it. */
bool json_valid(const char *text, size_t n);
/* Member of the top object as text, decoded to UTF-8 with NUL. false (and out is "" or cut): absent, no string, or
 * larger than size. */
bool json_get_text(const char *text, const char *name, char *out, size_t size);
/* Whole numbers of at most 18 digits. */
bool json_get_integer(const char *text, const char *name, int64_t *out);
bool json_get_bool(const char *text, const char *name, bool *out);
/* Does the top object's array `name` hold this string? */
bool json_array_has(const char *text, const char *name, const char *value);
/* i-th string of the top object's array. */
bool json_array_text(const char *text, const char *name, size_t i, char *out, size_t size);

/* Writer: appends to a caller's buffer; full is set instead of overflowing. */
struct json_out {
    char *text;
    size_t size, n;
    bool full, comma;
};
void json_out_init(struct json_out *o, char *buffer, size_t size);
void json_open(struct json_out *o, const char *name); /* name NULL at the top */
void json_close(struct json_out *o);
void json_put_text(struct json_out *o, const char *name, const char *value);
void json_put_integer(struct json_out *o, const char *name, int64_t value);
void json_put_bool(struct json_out *o, const char *name, bool value);
/* value is JSON already. */
void json_put_raw(struct json_out *o, const char *name, const char *value);

#endif
