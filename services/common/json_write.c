/* JSON texts: as json_dumps() with JSON_COMPACT writes them, byte for byte, which the audit log's hashes and the
 * idempotency digests rest on. jansson keeps a table of the objects it is inside of, with their addresses as text: half
 * of its time for what cannot happen here (nothing we build contains itself). */
#include "json_write.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 2048 };

static bool room(struct json_out *t, size_t more)
{
    if (t->size - t->n > more)
        return true;
    size_t size = t->size ? t->size : FIRST_SIZE;
    while (size - t->n <= more)
        size *= 2;
    char *grown = t->failed ? NULL : realloc(t->at, size);
    if (!grown) {
        t->failed = true;
        return false;
    }
    t->at = grown;
    t->size = size;
    return true;
}

void json_out_raw(struct json_out *t, const char *s, size_t n)
{
    if (!room(t, n))
        return;
    memcpy(t->at + t->n, s, n);
    t->n += n;
}

static void put_char(struct json_out *t, char c)
{
    if (room(t, 1))
        t->at[t->n++] = c;
}

static void put_escaped(struct json_out *t, unsigned char c)
{
    static const char named[][2] = {{'"', '"'}, {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};
    char code[8];
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (named[i][0] == (char)c) {
            put_char(t, '\\');
            put_char(t, named[i][1]);
            return;
        }
    }
    json_out_raw(t, code, (size_t)snprintf(code, sizeof code, "\\u%04X", c));
}

void json_out_string(struct json_out *t, const char *s, size_t n)
{
    size_t from = 0;
    put_char(t, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        json_out_raw(t, s + from, i - from);
        put_escaped(t, c);
        from = i + 1;
    }
    json_out_raw(t, s + from, n - from);
    put_char(t, '"');
}

void json_out_name(struct json_out *t, const char *name)
{
    size_t n = strlen(name);
    if (!room(t, n + 4))
        return;
    char *to = t->at + t->n;
    if (t->n > 0 && to[-1] != '{')
        *to++ = ',';
    *to++ = '"';
    memcpy(to, name, n);
    to += n;
    *to++ = '"';
    *to++ = ':';
    t->n = (size_t)(to - t->at);
}

void json_out_text(struct json_out *t, const char *name, const char *text)
{
    json_out_name(t, name);
    if (*text)
        json_out_string(t, text, strlen(text));
    else
        json_out_raw(t, "null", 4);
}

void json_out_bool(struct json_out *t, const char *name, bool value)
{
    json_out_name(t, name);
    json_out_raw(t, value ? "true" : "false", value ? 4 : 5);
}

void json_out_number(struct json_out *t, const char *name, long long value)
{
    char number[24];
    json_out_name(t, name);
    json_out_raw(t, number, (size_t)snprintf(number, sizeof number, "%lld", value));
}

static void put_value(struct json_out *t, const json_t *value);

void json_out_value(struct json_out *t, const json_t *value)
{
    put_value(t, value);
}

char *json_out_end(struct json_out *t)
{
    if (!room(t, 1) || t->failed) {
        free(t->at);
        return NULL;
    }
    t->at[t->n] = '\0';
    return t->at;
}

static void put_member(struct json_out *t, bool first, const char *name, const json_t *value)
{
    if (!first)
        put_char(t, ',');
    json_out_string(t, name, strlen(name));
    put_char(t, ':');
    put_value(t, value);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_sorted(struct json_out *t, const json_t *object)
{
    size_t n = 0, size = json_object_size(object);
    const char **names = calloc(size + 1, sizeof *names), *name;
    json_t *value;
    if (!names) {
        t->failed = true;
        return;
    }
    json_object_foreach((json_t *)object, name, value)
        names[n++] = name;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++)
        put_member(t, i == 0, names[i], json_object_get(object, names[i]));
    free(names);
}

static void put_object(struct json_out *t, const json_t *object)
{
    const char *name;
    json_t *value;
    bool first = true;
    put_char(t, '{');
    if (t->sorted) {
        put_sorted(t, object);
    } else {
        json_object_foreach((json_t *)object, name, value) {
            put_member(t, first, name, value);
            first = false;
        }
    }
    put_char(t, '}');
}

static void put_array(struct json_out *t, const json_t *array)
{
    put_char(t, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            put_char(t, ',');
        put_value(t, json_array_get(array, i));
    }
    put_char(t, ']');
}

static void put_number(struct json_out *t, const json_t *value)
{
    char number[64];
    size_t n = json_is_integer(value)
                   ? (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value))
                   : json_dumpb(value, number, sizeof number, JSON_ENCODE_ANY);
    json_out_raw(t, number, n <= sizeof number ? n : 0);
}

static void put_value(struct json_out *t, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT: put_object(t, value); break;
    case JSON_ARRAY: put_array(t, value); break;
    case JSON_STRING: json_out_string(t, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER:
    case JSON_REAL: put_number(t, value); break;
    case JSON_TRUE: json_out_raw(t, "true", 4); break;
    case JSON_FALSE: json_out_raw(t, "false", 5); break;
    case JSON_NULL: json_out_raw(t, "null", 4); break;
    }
}

static char *text_of(const json_t *value, bool sorted)
{
    struct json_out t = {.sorted = sorted};
    if (!value)
        return NULL;
    put_value(&t, value);
    return json_out_end(&t);
}

char *json_compact(const json_t *value)
{
    return text_of(value, false);
}

char *json_canonical(const json_t *value)
{
    return text_of(value, true);
}
