/* See vectors.h. */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILES_MAX = 16, BLOBS_MAX = 4096 };

static struct {
    char name[32];
    json_t *json;
} files[FILES_MAX];
static size_t n_files;
static void *blobs[BLOBS_MAX];
static size_t n_blobs;

const json_t *vectors(const char *name)
{
    char path[512];
    json_error_t error;
    const char *root = getenv("BEISTAND_ROOT");
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].name, name) == 0)
            return files[i].json;
    snprintf(path, sizeof path, "%s/proto/vectors/%s.json", root ? root : ".", name);
    json_t *json = json_load_file(path, 0, &error);
    if (!json)
        fail_msg("%s: %s (run from the project's root, or set BEISTAND_ROOT)", path, error.text);
    assert_true(n_files < FILES_MAX);
    snprintf(files[n_files].name, sizeof files[n_files].name, "%s", name);
    files[n_files++].json = json;
    return json;
}

int vectors_free(void **state)
{
    (void)state;
    while (n_files > 0)
        json_decref(files[--n_files].json);
    while (n_blobs > 0)
        free(blobs[--n_blobs]);
    return 0;
}

const json_t *get(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        fail_msg("the vector has no member %s", name);
    return value;
}

const char *get_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(get(object, name));
    if (!text)
        fail_msg("the vector's %s is no text", name);
    return text;
}

int64_t get_integer(const json_t *object, const char *name)
{
    assert_true(json_is_integer(get(object, name)));
    return json_integer_value(get(object, name));
}

bool get_bool(const json_t *object, const char *name)
{
    assert_true(json_is_boolean(get(object, name)));
    return json_is_true(get(object, name));
}

bool is_null(const json_t *object, const char *name)
{
    return json_is_null(get(object, name));
}

/* Reads one byte, perhaps with its number; returns where the next begins. */
static const char *read_run(const char *text, uint8_t *byte, size_t *times)
{
    unsigned value;
    int used = 0;
    *times = 1;
    if (sscanf(text, "%2x%n", &value, &used) != 1 || used != 2)
        fail_msg("no hexadecimal byte at: %.20s", text);
    *byte = (uint8_t)value;
    text += 2;
    if (*text == '*') {
        char *end;
        *times = strtoul(text + 1, &end, 10);
        text = end;
    }
    return text + strspn(text, " ");
}

struct blob unhex(const char *text)
{
    struct blob out = {NULL, 0};
    uint8_t byte;
    size_t times;
    for (const char *at = text; *at; out.n += times)
        at = read_run(at, &byte, &times);
    out.data = malloc(out.n ? out.n : 1);
    assert_true(out.data && n_blobs < BLOBS_MAX);
    blobs[n_blobs++] = out.data;
    size_t n = 0;
    for (const char *at = text; *at; n += times) {
        at = read_run(at, &byte, &times);
        memset(out.data + n, byte, times);
    }
    return out;
}

struct blob get_blob(const json_t *object, const char *name)
{
    return unhex(get_text(object, name));
}

void get_bytes(const json_t *object, const char *name, void *out, size_t n)
{
    struct blob b = get_blob(object, name);
    assert_int_equal(b.n, n);
    memcpy(out, b.data, n);
}
