/* The core's HTTP client: any answer, in pieces of any size. */
#include "fuzz.h"

#include "agent/core/http_client.h"
#include "tests/unit/fake_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct origin origin = {"h", 443, "h"};
    static const struct http_header none[] = {{NULL, NULL}};
    static struct http_client c;
    uint8_t piece = take_byte(&data, &size);
    if (size > HTTP_ANSWER_MAX + 4096)
        return 0;
    fake_net_reset();
    HOLDS(http_client_start(&c, &origin, "GET", "/", none, NULL) == 0);
    fake_net_feed(fake_net_at(0), data, size, piece);
    fake_net_end(fake_net_at(0));
    while (!http_client_poll(&c))
        ;
    HOLDS(c.status == -1 || (c.status >= 200 && c.status <= 599));
    HOLDS(c.status == -1 || (c.body && c.body[c.body_size] == '\0' && c.body_size <= size));
    http_client_close(&c);
    fake_net_reset();
    return 0;
}
