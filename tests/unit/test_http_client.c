/* The core's HTTP client over a net that gives the answer in pieces of every size: bounds, chunks, hostile heads. */
#include "agent/core/http_client.h"
#include "fake_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct origin origin = {"support.example", 8443, "support.example:8443"};
static const struct http_header no_headers[] = {{NULL, NULL}};

static void start(struct http_client *c)
{
    fake_net_reset();
    assert_int_equal(http_client_start(c, &origin, "GET", "/x", no_headers, NULL), 0);
}

static void poll_to_the_end(struct http_client *c)
{
    for (int i = 0; i < 400000 && !http_client_poll(c); i++)
        ;
}

static void answer(struct http_client *c, const char *text, size_t n, size_t piece)
{
    start(c);
    fake_net_feed(fake_net_at(0), text, n, piece);
    fake_net_end(fake_net_at(0));
    poll_to_the_end(c);
}

static void test_a_request_is_written_whole(void **state)
{
    (void)state;
    static struct http_client c;
    const struct http_header headers[] = {{"Idempotency-Key", "key-1"}, {"Authorization", NULL}, {NULL, NULL}};
    size_t n;
    fake_net_reset();
    assert_int_equal(http_client_start(&c, &origin, "POST", "/agent/v1/activations", headers, "{\"a\":1}"), 0);
    fake_net_set_room(fake_net_at(0), 10);
    assert_false(http_client_poll(&c));
    assert_true(http_client_wants_write(&c));
    fake_net_set_room(fake_net_at(0), SIZE_MAX);
    assert_false(http_client_poll(&c));
    assert_false(http_client_wants_write(&c));
    const uint8_t *sent = fake_net_sent(fake_net_at(0), &n);
    assert_string_equal((const char *)sent, "POST /agent/v1/activations HTTP/1.1\r\nHost: support.example:8443\r\n"
                                            "Connection: close\r\nIdempotency-Key: key-1\r\n"
                                            "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    http_client_close(&c);
    assert_true(fake_net_closed(fake_net_at(0)));
}

static void test_a_post_without_a_body_says_so(void **state)
{
    (void)state;
    static struct http_client c;
    size_t n;
    fake_net_reset();
    assert_int_equal(http_client_start(&c, &origin, "POST", "/x", no_headers, NULL), 0);
    http_client_poll(&c);
    assert_non_null(strstr((const char *)fake_net_sent(fake_net_at(0), &n), "\r\nContent-Length: 0\r\n\r\n"));
    http_client_close(&c);
}

static void test_requests_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static struct http_client c;
    static char big[HTTP_REQUEST_MAX + 1];
    const struct http_header headers[] = {{"X", big}, {"Y", big}, {NULL, NULL}};
    memset(big, 'x', sizeof big - 1);
    fake_net_reset();
    assert_int_equal(http_client_start(&c, &origin, "POST", "/x", no_headers, big), -1);
    assert_int_equal(http_client_start(&c, &origin, "POST", "/x", headers, NULL), -1);
    assert_int_equal(http_client_start(&c, &origin, "POST", big, no_headers, NULL), -1);
    assert_int_equal(fake_net_count(), 0);
}

static void test_answers_are_read_in_pieces_of_every_size(void **state)
{
    (void)state;
    static struct http_client c;
    static const struct {
        const char *text;
        int status;
        const char *body;
    } good[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"},
        {"HTTP/1.1 200 OK\r\ncontent-LENGTH:  2 \r\n\r\n{}", 200, "{}"},
        {"HTTP/1.0 403 Forbidden\r\n\r\n{\"reason\":\"code_invalid\"}", 403, "{\"reason\":\"code_invalid\"}"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more than was announced", 200, "{}"},
        {"HTTP/1.1 200 OK\r\nX-Content-Length: 900\r\nX: Content-Length: 900\r\n\r\n{}", 200, "{}"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3;x=y\r\na\":\r\n002\r\n1}\r\n0\r\n\r\n",
         200, "{\"a\":1}"},
        {"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n0a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", 200,
         "0123456789"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", 200, "\r\n\r\n"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, ""},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (size_t piece = 0; piece < 9; piece++) {
            answer(&c, good[i].text, strlen(good[i].text), piece);
            if (c.status != good[i].status)
                fail_msg("answer %zu: status %d, %s", i, c.status, c.error);
            assert_string_equal(c.body, good[i].body);
            assert_int_equal(c.body_size, strlen(good[i].body));
            http_client_close(&c);
        }
    }
}

static void test_what_is_no_complete_answer_is_none(void **state)
{
    (void)state;
    static struct http_client c;
    static const char *const bad[] = {
        "",
        "H",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "SSH-2.0-x\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer(&c, bad[i], strlen(bad[i]), 0);
        if (c.status != -1)
            fail_msg("answer %zu: status %d", i, c.status);
        http_client_close(&c);
    }
}

static void test_malformed_chunks_are_no_answer(void **state)
{
    (void)state;
    static struct http_client c;
    static const char *const bad[] = {
        "",
        "2",
        "2\r\n",
        "2\r\n{",
        "2\r\n{}",
        "2\r\n{}\r",
        "2\r\n{}\r\n",
        "2\r\n{}\r\n0",
        "2\r\n{}\r\n0\r",
        "2\r\n{}xx0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "g\r\n{}\r\n0\r\n\r\n",
        "ffffffff\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffe\r\n{}\r\n0\r\n\r\n",
        "000000002\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "3\r\n{}\r\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", bad[i]);
        answer(&c, text, strlen(text), 0);
        if (c.status != -1)
            fail_msg("chunks %zu: status %d, body %s", i, c.status, c.body);
        http_client_close(&c);
    }
}

static void test_a_body_with_zeros_keeps_its_size(void **state)
{
    (void)state;
    static struct http_client c;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\0b\0c";
    answer(&c, text, sizeof text - 1, 3);
    assert_int_equal(c.status, 200);
    assert_int_equal(c.body_size, 5);
    assert_memory_equal(c.body, "a\0b\0c", 6);
    http_client_close(&c);
    static const char head[] = "HTTP/1.1 200 OK\0\r\n\r\n{}";
    answer(&c, head, sizeof head - 1, 0);
    assert_int_equal(c.status, -1);
    http_client_close(&c);
}

static void test_an_endless_answer_is_given_up(void **state)
{
    (void)state;
    static struct http_client c;
    char *big = malloc(HTTP_ANSWER_MAX + 1000);
    memset(big, 'x', HTTP_ANSWER_MAX + 1000);
    memcpy(big, "HTTP/1.1 200 OK\r\n\r\n", 19);
    answer(&c, big, HTTP_ANSWER_MAX + 1000, 0);
    assert_int_equal(c.status, -1);
    assert_string_equal(c.error, "the answer is too large");
    http_client_close(&c);
    answer(&c, big, HTTP_ANSWER_MAX / 2, 0);
    assert_int_equal(c.status, 200);
    http_client_close(&c);
    free(big);
}

static void test_silence_and_failures_have_words(void **state)
{
    (void)state;
    static struct http_client c;
    start(&c);
    assert_false(http_client_poll(&c));
    fake_net_advance(HTTP_TIMEOUT_MS + 1);
    assert_true(http_client_poll(&c));
    assert_int_equal(c.status, -1);
    assert_string_equal(c.error, "no answer in time");
    assert_true(http_client_poll(&c)); /* stays so */
    http_client_close(&c);
    start(&c);
    fake_net_set_state(fake_net_at(0), NET_CONNECTING);
    assert_false(http_client_poll(&c));
    fake_net_set_state(fake_net_at(0), NET_FAILED);
    assert_true(http_client_poll(&c));
    assert_string_equal(c.error, "tcp: refused");
    http_client_close(&c);
    fake_net_reset();
    fake_net_refuse(true);
    assert_int_equal(http_client_start(&c, &origin, "GET", "/", no_headers, NULL), -1);
}

static void test_a_closed_client_holds_no_credential(void **state)
{
    (void)state;
    static struct http_client c;
    static const char zeros[sizeof c.request];
    const struct http_header headers[] = {{"Authorization", "Bearer secret"}, {NULL, NULL}};
    fake_net_reset();
    assert_int_equal(http_client_start(&c, &origin, "GET", "/", headers, NULL), 0);
    http_client_close(&c);
    assert_memory_equal(c.request, zeros, sizeof zeros);
    assert_null(c.net);
}

static void test_origins_are_https_host_and_port(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "http://a",
                                      "https://",
                                      "https://:80",
                                      "https://a:",
                                      "https://a:0",
                                      "https://a:65536",
                                      "https://a:x",
                                      "https://a:80x",
                                      "https://a/",
                                      "https://a:80/",
                                      "https://a b",
                                      "https://a@b",
                                      "https://a:999999",
                                      "https://a:-1",
                                      "https://a\r\nX: y",
                                      "https://a:80:80",
                                      "https://\xc3\xa4"};
    struct origin o;
    char long_name[400];
    assert_int_equal(origin_parse(&o, "https://support.example"), 0);
    assert_true(strcmp(o.host, "support.example") == 0 && o.port == 443 && strcmp(o.authority, "support.example") == 0);
    assert_int_equal(origin_parse(&o, "https://127.0.0.1:8443"), 0);
    assert_true(strcmp(o.host, "127.0.0.1") == 0 && o.port == 8443 && strcmp(o.authority, "127.0.0.1:8443") == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (origin_parse(&o, bad[i]) != -1)
            fail_msg("taken: %s", bad[i]);
    snprintf(long_name, sizeof long_name, "https://%0*d", 256, 0);
    assert_int_equal(origin_parse(&o, long_name), -1);
    snprintf(long_name, sizeof long_name, "https://%0*d:65535", 255, 0);
    assert_int_equal(origin_parse(&o, long_name), 0);
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
        cmocka_unit_test(test_a_request_is_written_whole),
        cmocka_unit_test(test_a_post_without_a_body_says_so),
        cmocka_unit_test(test_requests_that_do_not_fit_are_refused),
        cmocka_unit_test(test_answers_are_read_in_pieces_of_every_size),
        cmocka_unit_test(test_what_is_no_complete_answer_is_none),
        cmocka_unit_test(test_malformed_chunks_are_no_answer),
        cmocka_unit_test(test_a_body_with_zeros_keeps_its_size),
        cmocka_unit_test(test_an_endless_answer_is_given_up),
        cmocka_unit_test(test_silence_and_failures_have_words),
        cmocka_unit_test(test_a_closed_client_holds_no_credential),
        cmocka_unit_test(test_origins_are_https_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
