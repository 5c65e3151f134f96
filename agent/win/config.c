/* See config.h. */
#include "win.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

int config_load(struct program_config *out)
{
    HRSRC found = FindResourceW(NULL, MAKEINTRESOURCEW(CONFIG_RESOURCE), (LPCWSTR)RT_RCDATA);
    HGLOBAL loaded = found && SizeofResource(NULL, found) == CONFIG_SIZE ? LoadResource(NULL, found) : NULL;
    const uint8_t *at = loaded ? LockResource(loaded) : NULL;
    size_t head = sizeof CONFIG_MAGIC + 4;
    if (!at || memcmp(at, CONFIG_MAGIC, sizeof CONFIG_MAGIC) != 0)
        return -1;
    const uint8_t *p = at + sizeof CONFIG_MAGIC;
    uint32_t n = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    if (n == 0 || n > CONFIG_SIZE - head)
        return -1;
    char *json = calloc(1, n + 1);
    if (!json)
        return -1;
    memcpy(json, at + head, n);
    int result = program_config_read(out, json);
    free(json);
    return result;
}
