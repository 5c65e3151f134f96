/* The core's WebSocket over a net in pieces: upgrade and its refusals, messages whole and in fragments, hostile
 * servers. */
#include "agent/core/ws_client.h"
#include "fake_net.h"
#include "scripted_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct origin origin = {"support.example", 8443, "support.example:8443"};
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
static const char switching[] = SWITCHING SAMPLE_UPGRADE "Sec-WebSocket-Protocol: beistand.v1\r\n\r\n";

static struct {
    int opened;
    size_t n;
    struct {
        enum ws_opcode opcode;
        uint8_t data[WS_MESSAGE_MAX];
        size_t size;
    } messages[4];
} heard;

static void on_open(void *user)
{
    (void)user;
    heard.opened++;
}

static void on_message(void *user, enum ws_opcode opcode, uint8_t *data, size_t n)
{
    (void)user;
    assert_true(heard.n < 4);
    heard.messages[heard.n].opcode = opcode;
    heard.messages[heard.n].size = n;
    memcpy(heard.messages[heard.n++].data, data, n);
}

static const struct ws_client_hooks hooks = {NULL, on_open, on_message};

static struct net *open_with(struct ws_client *c, const char *head)
{
    fake_net_reset();
    memset(&heard, 0, sizeof heard);
    scripted_random_add((const uint8_t *)SAMPLE_NONCE, 16);
    assert_int_equal(ws_client_open(c, &origin, "/relay/c/x", "beistand.v1, agent.secret"), 0);
    fake_net_feed(fake_net_at(0), head, strlen(head), 0);
    return fake_net_at(0);
}

static struct net *opened(struct ws_client *c)
{
    size_t n;
    struct net *net = open_with(c, switching);
    assert_true(ws_client_poll(c, &hooks));
    assert_int_equal(c->state, WS_OPEN);
    fake_net_sent(net, &n);
    return net;
}

/* An unmasked frame of the server. */
static void frame(struct net *net, enum ws_opcode opcode, bool fin, const void *data, size_t n, size_t piece)
{
    uint8_t header[WS_HEADER_MAX];
    fake_net_feed(net, header, ws_encode_header(header, opcode, fin, n, NULL), piece);
    fake_net_feed(net, data, n, piece);
}

static bool poll_all(struct ws_client *c)
{
    bool open = true;
    for (int i = 0; i < 50000 && open; i++)
        open = ws_client_poll(c, &hooks);
    return open;
}

static void test_the_upgrade_names_host_key_and_protocols(void **state)
{
    (void)state;
    static struct ws_client c;
    size_t n;
    struct net *net = open_with(&c, "");
    assert_true(ws_client_wants_write(&c));
    assert_true(ws_client_poll(&c, &hooks));
    assert_false(ws_client_wants_write(&c));
    assert_string_equal((const char *)fake_net_sent(net, &n),
                        "GET /relay/c/x HTTP/1.1\r\nHost: support.example:8443\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: " SAMPLE_KEY "\r\n"
                        "Sec-WebSocket-Protocol: beistand.v1, agent.secret\r\n\r\n");
    ws_client_close(&c, 1000);
    assert_true(fake_net_closed(net));
}

static void test_it_opens_however_the_head_is_cut(void **state)
{
    (void)state;
    static struct ws_client c;
    for (size_t piece = 1; piece < 200; piece++) {
        struct net *net = open_with(&c, "");
        fake_net_feed(net, switching, strlen(switching), piece);
        frame(net, WS_TEXT, true, "first", 5, piece); /* may come with the head */
        assert_true(poll_all(&c));
        assert_int_equal(heard.opened, 1);
        assert_int_equal(heard.n, 1);
        assert_memory_equal(heard.messages[0].data, "first", 5);
        ws_client_close(&c, 1000);
    }
}

static void test_a_refusal_keeps_status_and_reason(void **state)
{
    (void)state;
    static struct ws_client c;
    struct net *net = open_with(&c, "HTTP/1.1 409 Refused\r\nContent-Type: application/problem+json\r\n\r\n"
                                    "{\"type\":\"x\",\"reason\":\"session_expired\"}");
    fake_net_end(net);
    assert_false(poll_all(&c));
    assert_int_equal(c.http_status, 409);
    assert_string_equal(c.reason, "session_expired");
    assert_int_equal(heard.opened, 0);
    net = open_with(&c, "HTTP/1.1 503 Busy\r\n\r\n<html>");
    fake_net_end(net);
    assert_false(poll_all(&c));
    assert_int_equal(c.http_status, 503);
    assert_string_equal(c.reason, "");
    net = open_with(&c, "rubbish");
    fake_net_end(net);
    assert_false(poll_all(&c));
    assert_int_equal(c.http_status, -1);
}

static void test_the_request_goes_out_whole_however_it_is_taken(void **state)
{
    (void)state;
    static struct ws_client c;
    struct net *net = open_with(&c, "");
    char got[1024] = "";
    size_t n;
    while (ws_client_wants_write(&c)) {
        fake_net_set_room(net, 7);
        assert_true(ws_client_poll(&c, &hooks));
        strncat(got, (const char *)fake_net_sent(net, &n), sizeof got - strlen(got) - 1);
    }
    assert_true(strncmp(got, "GET /relay/c/x HTTP/1.1\r\nHost: ", 31) == 0);
    assert_string_equal(strstr(got, "Sec-WebSocket-Protocol"), "Sec-WebSocket-Protocol: beistand.v1, agent.secret\r\n\r\n");
    ws_client_close(&c, 1000);
}

static void test_an_answer_to_another_key_is_no_upgrade(void **state)
{
    (void)state;
    static struct ws_client c;
    static const char *const wrong[] = {
        SWITCHING "\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n\r\n",
        SWITCHING "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " SAMPLE_ACCEPT "\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: " SAMPLE_ACCEPT "\r\n\r\n",
        SWITCHING SAMPLE_UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        SWITCHING "\r\n" SAMPLE_UPGRADE "\r\n", /* behind the head */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct net *net = open_with(&c, wrong[i]);
        assert_false(poll_all(&c));
        assert_int_equal(heard.opened, 0);
        assert_int_equal(c.code, 1006);
        assert_int_equal(c.http_status, 101);
        assert_string_equal(c.reason, "");
        assert_true(fake_net_closed(net));
    }
}

static void test_an_answer_may_be_written_otherwise(void **state)
{
    (void)state;
    static struct ws_client c;
    open_with(&c, SWITCHING "upgrade: WebSocket\r\nconnection: keep-alive , upgrade\r\nsec-websocket-accept:" SAMPLE_ACCEPT "  \r\n\r\n");
    assert_true(ws_client_poll(&c, &hooks));
    assert_int_equal(c.state, WS_OPEN);
    ws_client_close(&c, 1000);
}

static void test_an_endless_head_is_given_up(void **state)
{
    (void)state;
    static struct ws_client c;
    static char big[WS_HEAD_MAX + 100];
    memset(big, 'x', sizeof big - 1);
    open_with(&c, big);
    assert_false(poll_all(&c));
    assert_int_equal(c.code, 1006);
    open_with(&c, "HTTP/1.1 101 Switching Protocols\r\n");
    memset(big, 0, sizeof big); /* zeros hide what follows from text functions */
    fake_net_feed(fake_net_at(0), big, sizeof big, 0);
    assert_false(poll_all(&c));
    assert_int_equal(c.code, 1006);
}

static void test_fragments_are_one_message_of_the_first_ones_kind(void **state)
{
    (void)state;
    static struct ws_client c;
    for (size_t piece = 0; piece < 4; piece++) {
        struct net *net = opened(&c);
        frame(net, WS_BINARY, false, "ab", 2, piece);
        frame(net, WS_PING, true, "p", 1, piece);
        frame(net, WS_CONTINUATION, false, "", 0, piece);
        frame(net, WS_CONTINUATION, true, "cd", 2, piece);
        frame(net, WS_TEXT, true, "", 0, piece);
        assert_true(poll_all(&c));
        assert_int_equal(heard.n, 2);
        assert_true(heard.messages[0].opcode == WS_BINARY && heard.messages[0].size == 4);
        assert_memory_equal(heard.messages[0].data, "abcd", 4);
        assert_true(heard.messages[1].opcode == WS_TEXT && heard.messages[1].size == 0);
        ws_client_close(&c, 1000);
    }
}

static void test_pings_are_answered(void **state)
{
    (void)state;
    static struct ws_client c;
    size_t n;
    struct net *net = opened(&c);
    frame(net, WS_PING, true, "hi", 2, 0);
    assert_true(poll_all(&c));
    const uint8_t *sent = fake_net_sent(net, &n);
    assert_int_equal(n, 2 + 4 + 2);
    assert_true(sent[0] == 0x8A && sent[1] == 0x82);
    assert_true((sent[6] ^ sent[2]) == 'h' && (sent[7] ^ sent[3]) == 'i');
    ws_client_close(&c, 1000);
}

static void test_the_servers_close_keeps_code_and_reason(void **state)
{
    (void)state;
    static struct ws_client c;
    struct net *net = opened(&c);
    frame(net, WS_CLOSE, true, "\x0f\xa2session_expired", 17, 0); /* 4002 */
    assert_false(poll_all(&c));
    assert_int_equal(c.code, 4002);
    assert_string_equal(c.reason, "session_expired");
    net = opened(&c);
    frame(net, WS_CLOSE, true, "", 0, 0);
    assert_false(poll_all(&c));
    assert_int_equal(c.code, 1005);
    opened(&c);
    fake_net_end(fake_net_at(0));
    assert_false(poll_all(&c));
    assert_int_equal(c.code, 1006);
}

static void expect_close_frame(struct net *net, unsigned code)
{
    size_t n;
    const uint8_t *sent = fake_net_sent(net, &n);
    assert_int_equal(n, 8);
    assert_true(sent[0] == 0x88 && sent[1] == 0x82);
    assert_int_equal((unsigned)(sent[6] ^ sent[2]) << 8 | (unsigned)(sent[7] ^ sent[3]), code);
}

static void test_hostile_frames_close_with_their_code(void **state)
{
    (void)state;
    static struct ws_client c;
    static uint8_t big[WS_MESSAGE_MAX + 1];
    struct net *net = opened(&c);
    fake_net_feed(net, "\x82\x80\1\2\3\4", 6, 0); /* masked by a server */
    assert_false(poll_all(&c));
    assert_int_equal(c.code, 1002);
    expect_close_frame(net, 1002);
    net = opened(&c);
    frame(net, WS_BINARY, true, big, sizeof big, 0);
    assert_false(poll_all(&c));
    expect_close_frame(net, 1009);
    net = opened(&c); /* each frame is small enough, the message is not */
    frame(net, WS_BINARY, false, big, WS_MESSAGE_MAX, 0);
    frame(net, WS_CONTINUATION, true, big, 1, 0);
    assert_false(poll_all(&c));
    expect_close_frame(net, 1009);
    assert_int_equal(heard.n, 0);
}

static void test_a_silent_server_is_dead_after_thirty_seconds(void **state)
{
    (void)state;
    static struct ws_client c;
    struct net *net = opened(&c);
    fake_net_advance(WS_DEAD_MS);
    assert_true(ws_client_poll(&c, &hooks));
    frame(net, WS_PING, true, "", 0, 0);
    assert_true(ws_client_poll(&c, &hooks));
    fake_net_advance(WS_DEAD_MS);
    assert_true(ws_client_poll(&c, &hooks));
    fake_net_advance(1);
    assert_false(ws_client_poll(&c, &hooks));
    assert_int_equal(c.code, 1006);
    assert_true(fake_net_closed(net));
}

static void test_the_queue_is_bounded_and_goes_on(void **state)
{
    (void)state;
    static struct ws_client c;
    static uint8_t message[16000];
    struct net *net = opened(&c);
    size_t taken = 0, got = 0, n;
    fake_net_set_room(net, 0);
    while (ws_client_send(&c, WS_BINARY, message, sizeof message) == 0)
        taken++;
    assert_true(taken >= 8 && taken * sizeof message <= WS_QUEUE_MAX);
    assert_true(ws_client_room(&c) < sizeof message);
    assert_true(ws_client_wants_write(&c));
    fake_net_set_room(net, 20000);
    assert_true(ws_client_poll(&c, &hooks));
    assert_int_equal(ws_client_send(&c, WS_BINARY, message, sizeof message), 0); /* the sent part is free again */
    fake_net_set_room(net, SIZE_MAX);
    assert_true(ws_client_poll(&c, &hooks));
    const uint8_t *sent = fake_net_sent(net, &n);
    while (got < n) { /* whole frames, one after the other */
        assert_true(sent[got] == 0x82 && sent[got + 1] == (0x80 | 126));
        got += 8 + ((size_t)sent[got + 2] << 8 | sent[got + 3]);
    }
    assert_int_equal(got, (taken + 1) * (sizeof message + 8));
    assert_false(ws_client_wants_write(&c));
    ws_client_close(&c, 1000);
    assert_int_equal(ws_client_send(&c, WS_BINARY, message, 1), -1);
}

static void test_a_failed_connection_says_why(void **state)
{
    (void)state;
    static struct ws_client c;
    struct net *net = open_with(&c, "");
    fake_net_set_state(net, NET_CONNECTING);
    assert_true(ws_client_poll(&c, &hooks));
    fake_net_set_state(net, NET_FAILED);
    assert_false(ws_client_poll(&c, &hooks));
    assert_string_equal(c.reason, "tcp: refused");
    assert_false(ws_client_poll(&c, &hooks));
    fake_net_reset();
    fake_net_refuse(true);
    assert_int_equal(ws_client_open(&c, &origin, "/", "x"), -1);
}

static int forget(void **state)
{
    (void)state;
    fake_net_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_upgrade_names_host_key_and_protocols),
        cmocka_unit_test(test_it_opens_however_the_head_is_cut),
        cmocka_unit_test(test_a_refusal_keeps_status_and_reason),
        cmocka_unit_test(test_the_request_goes_out_whole_however_it_is_taken),
        cmocka_unit_test(test_an_answer_to_another_key_is_no_upgrade),
        cmocka_unit_test(test_an_answer_may_be_written_otherwise),
        cmocka_unit_test(test_an_endless_head_is_given_up),
        cmocka_unit_test(test_fragments_are_one_message_of_the_first_ones_kind),
        cmocka_unit_test(test_pings_are_answered),
        cmocka_unit_test(test_the_servers_close_keeps_code_and_reason),
        cmocka_unit_test(test_hostile_frames_close_with_their_code),
        cmocka_unit_test(test_a_silent_server_is_dead_after_thirty_seconds),
        cmocka_unit_test(test_the_queue_is_bounded_and_goes_on),
        cmocka_unit_test(test_a_failed_connection_says_why),
    };
    scripted_random_start();
    return cmocka_run_group_tests(tests, NULL, forget);
}
