/* What the gateway does with an event of the journal: any JSON becomes a view that has no secret in it. */
#include "fuzz.h"

#include "common/log.h"
#include "gateway/gateway.h"

static struct gateway gateway;

/* view.c answers requests too; nothing here does. */
void call_refuse(struct call *c, const char *reason, const char *detail)
{
    (void)c, (void)reason, (void)detail;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    log_init("fuzz", LOG_ERROR + 1);
    gateway.settings.origin = "https://h";
    gateway.keys = secret_keys_new("k1:0000000000000000000000000000000000000000000000000000000000000001\n");
    return gateway.keys ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[128];
    uint8_t *copy = copy_bytes(data, size);
    json_t *event = json_read((const char *)copy, size, error);
    free(copy);
    const json_t *record = json_object_get(event, "record");
    if (json_is_object(record) && bucket_of_id(json_text(event, "session", "")) >= 0) {
        json_t *view = session_view(&gateway, record, record);
        HOLDS(json_is_object(view) && json_object_get(view, "version") && !json_object_get(view, "agent_token_hash"));
        char *text = json_dumps(view, JSON_COMPACT);
        HOLDS(text);
        free(text);
        json_decref(view);
    }
    json_decref(event);
    return 0;
}
