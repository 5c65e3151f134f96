/* The mux under a hostile other end: plaintexts in parts, with sending and lost connections between them. What it then
 * says is still well formed: an honest mux takes it. */
#include "fuzz.h"

#include "agent/core/mux.h"
#include "agent/core/record.h"

static size_t handed_on;

static void on_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    (void)user;
    HOLDS(channel < MUX_CHANNELS && n <= RECORD_PLAIN_MAX);
    for (size_t i = 0; i < n; i++)
        handed_on += data[i];
}

static void on_reset(void *user, enum mux_channel channel)
{
    (void)user;
    HOLDS(channel < MUX_CHANNELS);
}

/* Headers and sizes of what goes out. */
static void check_output(struct mux *m, size_t room)
{
    uint8_t out[RECORD_PLAIN_MAX];
    size_t n = mux_output(m, out, room);
    HOLDS(n <= room);
    for (size_t at = 0; at < n;) {
        HOLDS(n - at >= MUX_FRAME_HEADER && out[at] <= 5 && out[at + 1] < MUX_CHANNELS);
        size_t size = (size_t)out[at + 2] << 8 | out[at + 3];
        HOLDS(size <= n - at - MUX_FRAME_HEADER);
        at += MUX_FRAME_HEADER + size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t some[3000];
    struct mux_hooks hooks = {.data = on_data, .reset = on_reset};
    struct mux *m = mux_new(&hooks);
    HOLDS(m);
    while (size > 0) {
        const uint8_t *part;
        uint8_t how = take_byte(&data, &size);
        enum mux_channel channel = (enum mux_channel)(how % MUX_CHANNELS);
        if (how & 0x40)
            (void)!mux_send(m, channel, some, sizeof some);
        if (how & 0x80)
            mux_resume(m);
        if (how & 0x20)
            mux_ping(m, how);
        if (how & 0x10)
            check_output(m, how & 0x08 ? RECORD_PLAIN_MAX : 64);
        size_t n = take_part(&data, &size, &part);
        uint8_t *copy = copy_bytes(part, n);
        int status = mux_input(m, copy, n);
        free(copy);
        HOLDS(mux_room(m, channel) <= MUX_WINDOW);
        if (status != 0)
            break;
    }
    check_output(m, RECORD_PLAIN_MAX);
    mux_free(m);
    return 0;
}
