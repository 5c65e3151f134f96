/* The WebSocket codec against proto/vectors/websocket.json: whole, one byte at a time, and cut at every place. */
#include "proto/c/websocket.h"
#include "vectors.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 400000 };

/* Events as the vectors write them, one per line; data that came in pieces is one event. */
struct trace {
    char *text;
    size_t n;
    bool in_data;
};

static void say(struct trace *t, const char *text)
{
    size_t n = strlen(text);
    assert_true(t->n + n + 1 < TEXT_MAX);
    memcpy(t->text + t->n, text, n + 1);
    t->n += n;
}

static void say_bytes(struct trace *t, const uint8_t *data, size_t n)
{
    char two[3];
    for (size_t i = 0; i < n; i++) {
        snprintf(two, sizeof two, "%02x", data[i]);
        say(t, two);
    }
}

static const char *opcode_name(enum ws_opcode opcode)
{
    switch (opcode) {
    case WS_CONTINUATION:
        return "continuation";
    case WS_TEXT:
        return "text";
    case WS_BINARY:
        return "binary";
    case WS_CLOSE:
        return "close";
    case WS_PING:
        return "ping";
    case WS_PONG:
        return "pong";
    }
    return "?";
}

static void tell(struct trace *t, enum ws_event event, const struct ws_out *out)
{
    char line[80];
    bool more_data = event == WS_DATA && t->in_data;
    if (event == WS_MORE)
        return;
    if (t->in_data && !more_data)
        say(t, "\n");
    t->in_data = event == WS_DATA;
    if (event == WS_FRAME) {
        snprintf(line, sizeof line, "frame %s%s %llu\n", opcode_name(out->opcode), out->fin ? " fin" : "",
                 (unsigned long long)out->size);
        say(t, line);
    } else if (event == WS_DATA) {
        say(t, more_data ? "" : "data ");
        say_bytes(t, out->data, out->n);
    } else if (event == WS_FRAME_END) {
        say(t, "end\n");
    } else if (event == WS_CONTROL) {
        snprintf(line, sizeof line, "control %s ", opcode_name(out->opcode));
        say(t, line);
        say_bytes(t, out->data, out->n);
        say(t, "\n");
    } else {
        snprintf(line, sizeof line, "fail %u\n", out->code);
        say(t, line);
    }
}

static bool feed(struct ws_decoder *d, struct trace *t, const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1); /* unmasking writes into it */
    size_t at = 0, used;
    struct ws_out out;
    enum ws_event event = WS_MORE;
    assert_non_null(copy);
    memcpy(copy, data, n);
    do {
        event = ws_decode(d, copy + at, n - at, &used, &out);
        assert_true(used <= n - at);
        at += used;
        tell(t, event, &out);
    } while (event != WS_FAIL && !(event == WS_MORE && at == n));
    free(copy);
    return event != WS_FAIL;
}

static char *wanted(const json_t *events)
{
    struct trace t = {.text = calloc(1, TEXT_MAX)};
    const json_t *one;
    size_t i;
    json_array_foreach(events, i, one)
    {
        const char *text = json_string_value(one);
        const char *bytes = strncmp(text, "data ", 5) == 0      ? text + 5
                            : strncmp(text, "control ", 8) == 0 ? strchr(text + 8, ' ') + 1
                                                                : NULL;
        if (bytes) {
            char head[32];
            struct blob b = unhex(bytes);
            snprintf(head, sizeof head, "%.*s", (int)(bytes - text), text);
            say(&t, head);
            say_bytes(&t, b.data, b.n);
        } else {
            say(&t, text);
        }
        say(&t, "\n");
    }
    return t.text;
}

/* The bytes in parts of `step` bytes, the first of `first`. */
static char *decoded(const json_t *one, struct blob b, size_t first, size_t step)
{
    struct ws_decoder d;
    struct trace t = {.text = calloc(1, TEXT_MAX)};
    ws_decoder_init(&d, strcmp(get_text(one, "role"), "server") == 0,
                    (uint64_t)get_integer(vectors("websocket"), "frame_max"));
    size_t n = first < b.n ? first : b.n;
    bool good = feed(&d, &t, b.data, n);
    for (size_t at = n; good && at < b.n; at += n) {
        n = step < b.n - at ? step : b.n - at;
        good = feed(&d, &t, b.data + at, n);
    }
    if (t.in_data)
        say(&t, "\n");
    return t.text;
}

static void check(const json_t *one, struct blob b, const char *want, size_t first, size_t step)
{
    char *got = decoded(one, b, first, step);
    if (strcmp(got, want) != 0)
        fail_msg("%s, first %zu, then %zu: got\n%.300s", get_text(one, "name"), first, step, got);
    free(got);
}

static void test_frames_are_decoded_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("websocket"), "cases"), i, one)
    {
        struct blob b = get_blob(one, "hex");
        char *want = wanted(get(one, "events"));
        check(one, b, want, b.n, 1);
        check(one, b, want, 1, 1);
        check(one, b, want, 3, 7);
        for (size_t cut = 0; cut <= b.n && cut < 40; cut++)
            check(one, b, want, cut, b.n);
        free(want);
    }
}

static void test_nothing_is_decoded_after_a_failure(void **state)
{
    (void)state;
    uint8_t bad[] = {0x82, 0x00}, good[] = {0x82, 0x80, 1, 2, 3, 4};
    struct ws_decoder d;
    struct ws_out out;
    size_t used;
    ws_decoder_init(&d, true, 10);
    assert_int_equal(ws_decode(&d, bad, sizeof bad, &used, &out), WS_FAIL);
    assert_int_equal(ws_decode(&d, good, sizeof good, &used, &out), WS_FAIL);
    assert_int_equal(used, 0);
}

static void test_headers_are_encoded_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("websocket"), "headers"), i, one)
    {
        uint8_t header[WS_HEADER_MAX], mask[4];
        struct blob want = get_blob(one, "hex");
        bool masked = !is_null(one, "mask");
        if (masked)
            get_bytes(one, "mask", mask, sizeof mask);
        size_t n = ws_encode_header(header, (enum ws_opcode)get_integer(one, "opcode"), get_bool(one, "fin"),
                                    (uint64_t)get_integer(one, "size"), masked ? mask : NULL);
        assert_int_equal(n, want.n);
        assert_memory_equal(header, want.data, n);
    }
}

static void test_what_is_encoded_is_decoded(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536};
    static uint8_t frame[WS_HEADER_MAX + 65536];
    const uint8_t mask[4] = {0xff, 0, 0x5a, 0xa5};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ws_decoder d;
        struct ws_out out;
        size_t used, head = ws_encode_header(frame, WS_BINARY, true, sizes[i], mask);
        memset(frame + head, 'x', sizes[i]);
        ws_mask(frame + head, sizes[i], mask, 0);
        ws_decoder_init(&d, true, 65536);
        assert_int_equal(ws_decode(&d, frame, head + sizes[i], &used, &out), WS_FRAME);
        assert_true(out.size == sizes[i] && used == head);
        if (sizes[i] > 0) {
            assert_int_equal(ws_decode(&d, frame + head, sizes[i], &used, &out), WS_DATA);
            assert_int_equal(out.n, sizes[i]);
            assert_true(out.data[0] == 'x' && out.data[out.n - 1] == 'x');
        }
        assert_int_equal(ws_decode(&d, frame, 0, &used, &out), WS_FRAME_END);
    }
}

static void test_a_mask_goes_on_where_it_stopped(void **state)
{
    (void)state;
    const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t whole[11] = {0}, parts[11] = {0};
    ws_mask(whole, sizeof whole, mask, 0);
    ws_mask(parts, 3, mask, 0);
    ws_mask(parts + 3, 6, mask, 3);
    ws_mask(parts + 9, 2, mask, 9);
    assert_memory_equal(whole, parts, sizeof whole);
}

static void sha1(uint8_t digest[WS_SHA1_BYTES], const void *data, size_t n)
{
    SHA1(data, n, digest);
}

static void test_the_accept_value_is_the_vectors(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    json_array_foreach(get(vectors("websocket"), "accept"), i, one)
    {
        char accept[WS_ACCEPT_SIZE];
        ws_accept(accept, get_text(one, "key"), sha1);
        assert_string_equal(accept, get_text(one, "accept"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_are_decoded_as_the_vectors_say),
        cmocka_unit_test(test_nothing_is_decoded_after_a_failure),
        cmocka_unit_test(test_headers_are_encoded_as_the_vectors_say),
        cmocka_unit_test(test_what_is_encoded_is_decoded),
        cmocka_unit_test(test_a_mask_goes_on_where_it_stopped),
        cmocka_unit_test(test_the_accept_value_is_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, vectors_free);
}
