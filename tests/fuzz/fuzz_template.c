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
    struct page_out o = {.text = malloc(room ? room : 1), .size = room};
    HOLDS(o.text);
    template_render(&o, how & 1 ? text : "{{v:technician}}{{t:intro}}", (enum language)(how % LANGUAGE_COUNT), values);
    HOLDS(o.n <= room);
    if (!(how & 1) && !o.full)
        HOLDS(!memchr(o.text, '<', o.n) && !memchr(o.text, '"', o.n));
    free(o.text);
    size_t n = text_fill(filled, sizeof filled, text, values);
    HOLDS(strnlen(filled, sizeof filled) <= n && memchr(filled, 0, sizeof filled));
    language_from_tag(text);
    free(text);
    return 0;
}
