/* The load configuration of the program's file (PE format, "The Load Configuration Structure"): it tells Windows' loader to
 * take every library from the system's folder only. Without it a DLL that lies beside the program in the download folder
 * would be loaded, with administrator rights. GNU ld does not know the structure; deploy/agent/harden.py finds it behind
 * the mark and enters it in the file's directory. */
#include "load_config.h"

#include <stddef.h>
#include <stdint.h>

enum { SEARCH_SYSTEM32 = 0x800 };

struct load_config {
    char mark[16];
    /* IMAGE_LOAD_CONFIG_DIRECTORY64 up to SEHandlerCount. */
    uint32_t size, time;
    uint16_t major, minor;
    uint32_t flags_clear, flags_set, section_timeout;
    uint64_t unused[6];
    uint32_t heap_flags;
    uint16_t csd_version, dependent_load_flags;
    uint64_t edit_list, security_cookie, handler_table, handler_count;
};

_Static_assert(sizeof(struct load_config) == 16 + 112, "the size that Windows expects");
_Static_assert(offsetof(struct load_config, dependent_load_flags) == 16 + 78, "the place that Windows expects");

static const struct load_config load_config = {.mark = "BEISTAND-LOADCF",
                                               .size = 112,
                                               .dependent_load_flags = SEARCH_SYSTEM32};

const void *load_config_keep(void)
{
    return &load_config;
}
