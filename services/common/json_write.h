/* A JSON text as it is being written, for what is answered so often that building it as a value first would be most of the
 * work. Memory that runs out is noticed at the end. */
#ifndef BEISTAND_JSON_WRITE_H
#define BEISTAND_JSON_WRITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Begins as {0}. */
struct json_out {
    char *at;
    size_t n, size;
    bool sorted; /* members of objects by name */
    bool failed;
};

/* As it is: names, braces, commas. */
void json_out_raw(struct json_out *o, const char *text, size_t n);
/* A member's name (one of ours: nothing in it is to be escaped), with a comma unless it is the first of its object. */
void json_out_name(struct json_out *o, const char *name);
/* A member whose value is text; null when it is empty. */
void json_out_text(struct json_out *o, const char *name, const char *text);
void json_out_bool(struct json_out *o, const char *name, bool value);
void json_out_number(struct json_out *o, const char *name, long long value);
/* Quoted and escaped; UTF-8. */
void json_out_string(struct json_out *o, const char *text, size_t n);
void json_out_value(struct json_out *o, const json_t *value);
/* The text, to be free()d, or NULL without memory. */
char *json_out_end(struct json_out *o);

#endif
