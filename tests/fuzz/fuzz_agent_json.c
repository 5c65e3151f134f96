/* The program's JSON reader beside jansson: what it takes jansson takes too, and both read the same texts in it. */
#include "fuzz.h"

#include "agent/core/json.h"

#include <jansson.h>

static void compare(const char *text, const json_t *object)
{
    static char out[AGENT_JSON_MAX + 1];
    const char *name;
    json_t *value;
    int64_t n;
    bool b;
    json_object_foreach((json_t *)object, name, value)
    {
        bool is_text = json_get_text(text, name, out, sizeof out);
        HOLDS(is_text == json_is_string(value));
        HOLDS(!is_text || strcmp(out, json_string_value(value)) == 0);
        bool is_integer = json_get_integer(text, name, &n);
        HOLDS(!is_integer || (json_is_integer(value) && json_integer_value(value) == n));
        HOLDS(json_get_bool(text, name, &b) == json_is_boolean(value));
        HOLDS(!json_is_boolean(value) || b == json_is_true(value));
        HOLDS(!json_array_has(text, name, "remote") || json_is_array(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_error_t error;
    char small[4];
    uint8_t *copy = copy_bytes(data, size);
    bool valid = json_valid((const char *)copy, size);
    free(copy);
    char *text = copy_text(data, size);
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (valid) {
        /* Numbers that fit no machine are the one thing we do not look into. */
        HOLDS(object || json_error_code(&error) == json_error_numeric_overflow);
        if (object)
            compare(text, object);
        json_get_text(text, "a", small, sizeof small);
        HOLDS(strnlen(small, sizeof small) < sizeof small);
        json_array_text(text, "a", 1, small, sizeof small);
    }
    json_decref(object);
    free(text);
    return 0;
}
