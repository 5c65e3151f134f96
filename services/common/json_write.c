/* JSON texts: as json_dumps() with JSON_COMPACT writes them, byte for byte, which the audit log's hashes and the
 * idempotency digests rest on. jansson keeps a table of the objects it is inside of, with their addresses as text: half
 * of its time for what cannot happen here (nothing we build contains itself). */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1024 };

struct text {
    char *at;
    size_t n, size;
    bool sorted, failed;
};

static bool room(struct text *t, size_t more)
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

static void put(struct text *t, const char *s, size_t n)
{
    if (!room(t, n))
        return;
    memcpy(t->at + t->n, s, n);
    t->n += n;
}

static void put_char(struct text *t, char c)
{
    put(t, &c, 1);
}

static void put_escaped(struct text *t, unsigned char c)
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
    put(t, code, (size_t)snprintf(code, sizeof code, "\\u%04X", c));
}

static void put_string(struct text *t, const char *s, size_t n)
{
    size_t from = 0;
    put_char(t, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put(t, s + from, i - from);
        put_escaped(t, c);
        from = i + 1;
    }
    put(t, s + from, n - from);
    put_char(t, '"');
}

static void put_value(struct text *t, const json_t *value);

static void put_member(struct text *t, bool first, const char *name, const json_t *value)
{
    if (!first)
        put_char(t, ',');
    put_string(t, name, strlen(name));
    put_char(t, ':');
    put_value(t, value);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_sorted(struct text *t, const json_t *object)
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

static void put_object(struct text *t, const json_t *object)
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

static void put_array(struct text *t, const json_t *array)
{
    put_char(t, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            put_char(t, ',');
        put_value(t, json_array_get(array, i));
    }
    put_char(t, ']');
}

static void put_number(struct text *t, const json_t *value)
{
    char number[64];
    size_t n = json_is_integer(value)
                   ? (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value))
                   : json_dumpb(value, number, sizeof number, JSON_ENCODE_ANY);
    put(t, number, n <= sizeof number ? n : 0);
}

static void put_value(struct text *t, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT: put_object(t, value); break;
    case JSON_ARRAY: put_array(t, value); break;
    case JSON_STRING: put_string(t, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER:
    case JSON_REAL: put_number(t, value); break;
    case JSON_TRUE: put(t, "true", 4); break;
    case JSON_FALSE: put(t, "false", 5); break;
    case JSON_NULL: put(t, "null", 4); break;
    }
}

static char *text_of(const json_t *value, bool sorted)
{
    struct text t = {.sorted = sorted};
    if (!value)
        return NULL;
    put_value(&t, value);
    if (!room(&t, 1)) {
        free(t.at);
        return NULL;
    }
    t.at[t.n] = '\0';
    return t.at;
}

char *json_compact(const json_t *value)
{
    return text_of(value, false);
}

char *json_canonical(const json_t *value)
{
    return text_of(value, true);
}
