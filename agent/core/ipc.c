/* See ipc.h: u16 type, u16 length of the text, four i32, text. */
#include "ipc.h"

#include <string.h>

static void put(uint8_t *at, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get(const uint8_t *at, int bytes)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (uint32_t)at[i] << 8 * i;
    return v;
}

size_t ipc_encode(uint8_t *out, const struct ipc_message *m)
{
    size_t n = strlen(m->text);
    put(out, m->type, 2);
    put(out + 2, (uint32_t)n, 2);
    for (int i = 0; i < IPC_VALUES; i++)
        put(out + 4 + 4 * i, (uint32_t)m->v[i], 4);
    memcpy(out + IPC_HEAD, m->text, n);
    return IPC_HEAD + n;
}

int ipc_decode(struct ipc_message *out, const uint8_t *data, size_t n)
{
    if (n < IPC_HEAD)
        return 0;
    size_t size = get(data + 2, 2);
    out->type = (uint16_t)get(data, 2);
    if (out->type == 0 || out->type >= IPC_TYPES || size > IPC_TEXT_MAX)
        return -1;
    if (n - IPC_HEAD < size)
        return 0;
    for (int i = 0; i < IPC_VALUES; i++)
        out->v[i] = (int32_t)get(data + 4 + 4 * i, 4);
    memcpy(out->text, data + IPC_HEAD, size);
    out->text[size] = '\0';
    return strlen(out->text) == size ? (int)(IPC_HEAD + size) : -1;
}
