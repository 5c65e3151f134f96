/* Golden vectors (proto/vectors) for unit tests and fuzz seeds. Whatever is missing or malformed fails the test. */
#ifndef BEISTAND_TESTS_VECTORS_H
#define BEISTAND_TESTS_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
    uint8_t *data; /* exactly n bytes, so that a sanitizer sees each one too many */
    size_t n;
};

/* proto/vectors/NAME.json, read once; lives until vectors_free(). The test's folder is the project's root, or
 * BEISTAND_ROOT names it. */
const json_t *vectors(const char *name);
/* Frees all that was read: a group teardown of cmocka. */
int vectors_free(void **state);

/* Members that must be there. */
const json_t *get(const json_t *object, const char *name);
const char *get_text(const json_t *object, const char *name);
int64_t get_integer(const json_t *object, const char *name);
bool get_bool(const json_t *object, const char *name);
/* "00ff 41*3": blanks mean nothing, XX*n is n times XX. Lives until vectors_free(). */
struct blob unhex(const char *text);
struct blob get_blob(const json_t *object, const char *name);
/* The member is as large as out. */
void get_bytes(const json_t *object, const char *name, void *out, size_t n);
/* Is the member null? */
bool is_null(const json_t *object, const char *name);

#endif
