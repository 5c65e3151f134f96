/* The install page's template with hostile values, and the texts' placeholders. */
#include "fuzz.h"

#include "common/log.h"
#include "gateway/template.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    log_init("fuzz", LOG_ERROR + 1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how = take_byte(&data, &size);
    char *text = copy_text(data, size), filled[300];
    const char *values[] = {"technician", text, "company", "<&>\"", "contact", "", NULL};
    size_t room = (size_t)how * 64;
    struct text t = {.max = room};
    template_render(&t, how & 1 ? text : "{{v:technician}}{{t:intro}}", (enum language)(how % LANGUAGE_COUNT), values);
    HOLDS(t.n <= room && (t.n == 0 || strlen(t.data) <= t.n));
    if (!(how & 1) && !t.full && t.n > 0)
        HOLDS(!memchr(t.data, '<', t.n) && !memchr(t.data, '"', t.n));
    char *page = text_take(&t);
    HOLDS(!page == (t.full || t.n == 0));
    free(page);
    size_t n = text_fill(filled, sizeof filled, text, values);
    HOLDS(strnlen(filled, sizeof filled) <= n && memchr(filled, 0, sizeof filled));
    language_from_tag(text);
    free(text);
    return 0;
}
