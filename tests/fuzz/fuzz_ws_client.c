/* The core's WebSocket client: whatever a server sends, before and after the upgrade, in pieces of any size. */
#include "fuzz.h"

#include "agent/core/ws_client.h"
#include "tests/unit/fake_net.h"
#include "tests/unit/scripted_random.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scripted_random_start();
    return 0;
}

static void on_open(void *user)
{
    ++*(int *)user;
}

static void on_message(void *user, enum ws_opcode opcode, uint8_t *data, size_t n)
{
    HOLDS(*(int *)user == 1 && n <= WS_MESSAGE_MAX && (opcode == WS_TEXT || opcode == WS_BINARY));
    for (size_t i = 0; i < n; i++)
        data[i] ^= 1; /* it may be written to */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct origin origin = {"h", 443, "h"};
    static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n" SAMPLE_UPGRADE "\r\n";
    static struct ws_client c;
    int opened = 0;
    struct ws_client_hooks hooks = {&opened, on_open, on_message};
    uint8_t how = take_byte(&data, &size);
    if (size > FAKE_BUFFER / 4)
        return 0;
    fake_net_reset();
    scripted_random_add((const uint8_t *)SAMPLE_NONCE, 16);
    HOLDS(ws_client_open(&c, &origin, "/", "beistand.v1") == 0);
    if (how & 1)
        fake_net_feed(fake_net_at(0), switching, sizeof switching - 1, 0);
    fake_net_feed(fake_net_at(0), data, size, how >> 1);
    fake_net_end(fake_net_at(0));
    for (size_t i = 0; i < size + 200 && ws_client_poll(&c, &hooks); i++)
        ;
    HOLDS(c.state == WS_CLOSED && memchr(c.reason, 0, sizeof c.reason));
    fake_net_reset();
    return 0;
}
