/* See scripted_random.h. */
#include "scripted_random.h"

#include "agent/core/crypto.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static uint8_t script[1024];
static size_t script_size, script_at;
static uint64_t sequence = 0x9E3779B97F4A7C15;

static uint8_t next_byte(void)
{
    sequence ^= sequence << 13;
    sequence ^= sequence >> 7;
    sequence ^= sequence << 17;
    return (uint8_t)(sequence >> 32);
}

static void fill(void *const out, const size_t n)
{
    uint8_t *at = out;
    for (size_t i = 0; i < n; i++)
        at[i] = script_at < script_size ? script[script_at++] : next_byte();
}

static uint32_t number(void)
{
    uint32_t v;
    fill(&v, sizeof v);
    return v;
}

static const char *name(void)
{
    return "script";
}

void scripted_random_start(void)
{
    static randombytes_implementation implementation = {.implementation_name = name, .random = number, .buf = fill};
    if (randombytes_set_implementation(&implementation) != 0 || crypto_start() != 0)
        abort();
}

void scripted_random_add(const uint8_t *bytes, size_t n)
{
    memmove(script, script + script_at, script_size - script_at);
    script_size -= script_at;
    script_at = 0;
    if (n > sizeof script - script_size)
        abort();
    memcpy(script + script_size, bytes, n);
    script_size += n;
}

size_t scripted_random_left(void)
{
    return script_size - script_at;
}
