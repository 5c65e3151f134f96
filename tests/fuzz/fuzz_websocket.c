/* The WebSocket decoder, fed in pieces: what it tells is in order and never more than came. */
#include "fuzz.h"

#include "proto/c/websocket.h"

struct told {
    bool in_frame;
    uint64_t left;
};

static bool tell(struct told *t, enum ws_event event, const struct ws_out *out, uint64_t frame_max)
{
    switch (event) {
    case WS_FRAME:
        HOLDS(!t->in_frame && out->size <= frame_max && out->opcode <= WS_BINARY);
        t->in_frame = true;
        t->left = out->size;
        return true;
    case WS_DATA:
        HOLDS(t->in_frame && out->n > 0 && out->n <= t->left);
        t->left -= out->n;
        return true;
    case WS_FRAME_END:
        HOLDS(t->in_frame && t->left == 0);
        t->in_frame = false;
        return true;
    case WS_CONTROL:
        HOLDS(out->n <= WS_CONTROL_MAX && out->opcode >= WS_CLOSE && out->n == out->size);
        return true;
    case WS_FAIL:
        HOLDS(out->code == 1002 || out->code == 1009);
        return false;
    case WS_MORE:
        return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how = take_byte(&data, &size);
    uint64_t frame_max = how & 2 ? 16448 : 65536;
    size_t piece = how >> 2 ? how >> 2 : size;
    struct ws_decoder d;
    struct ws_out out;
    struct told told = {0};
    uint8_t *copy = copy_bytes(data, size);
    ws_decoder_init(&d, how & 1, frame_max);
    bool good = true;
    for (size_t at = 0; good && at < size;) {
        size_t end = piece < size - at ? at + piece : size;
        enum ws_event event;
        do {
            size_t used = SIZE_MAX;
            event = ws_decode(&d, copy + at, end - at, &used, &out);
            HOLDS(event == WS_FAIL || used <= end - at);
            at += event == WS_FAIL ? 0 : used;
            good = tell(&told, event, &out, frame_max);
        } while (good && !(event == WS_MORE && at == end));
    }
    free(copy);
    return 0;
}
