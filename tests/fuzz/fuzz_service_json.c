/* The services' JSON reader, with what handlers and consumers do to a request, a command or an event. */
#include "fuzz.h"

#include "common/derive.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const members[] = {"token", "code_prefix", "machine", "receipt_key", NULL};
    char error[128] = "";
    uint8_t *copy = copy_bytes(data, size);
    json_t *object = json_read((const char *)copy, size, error);
    free(copy);
    HOLDS((object == NULL) == (error[0] != '\0') && memchr(error, 0, sizeof error));
    const char *field;
    const char *unknown = object ? json_unknown_member(object, members) : NULL;
    HOLDS(!unknown || json_object_get(object, unknown));
    for (const char *const *name = members; *name; name++)
        if (json_field(object, *name, 43, &field) == 0 && field)
            HOLDS(strlen(field) <= 43);
    bucket_of_id(json_text(object, "session", ""));
    json_number(object, "deadline", 0);
    json_text(json_object_get(object, "record"), "state", "");
    json_decref(object);
    return 0;
}
