/* The encrypted channel without sockets: CPace against the draft's vectors, handshakes of all modes, records, mux
 * over lost connections. S-2 S-34 S-47 S-8 */
#include "agent/core/json.h"
#include "agent/core/offer.h"
#include "agent/core/peer.h"
#include "proto/c/b64url.h"
#include "proto/c/crockford.h"
#include "proto/c/damm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hex(uint8_t *out, const char *text)
{
    for (; *text; text += 2)
        sscanf(text, "%2hhx", out++);
}

static void test_cpace_matches_the_drafts_vectors(void **state)
{
    (void)state;
    uint8_t prs[8], ci[24], sid[16], g[32], ya[32], yb[32], want[64], message_a[32], message_b[32], isk[64];
    hex(prs, "50617373776F7264");
    hex(ci, "0B415F696E69746961746F720B425F726573706F6E646572");
    hex(sid, "7E4B4791D6A8EF019B936C79FB7F2C57");
    struct cpace_input in = {prs, 8, ci, 24, sid, 16};
    cpace_generator(g, &in);
    hex(want, "222B6B195FE84B1652BADB6F6A3AE3D24341E7306967F0B8115B40D5698C7E56");
    assert_memory_equal(g, want, 32);
    hex(ya, "DA3D23700A9E5699258AEF94DC060DFDA5EBB61F02A5EA77FAD53F4FF0976D08");
    hex(yb, "D2316B454718C35362D83D69DF6320F38578ED5984651435E2949762D900B80D");
    assert_int_equal(cpace_message(&in, ya, message_a), 0);
    assert_int_equal(cpace_message(&in, yb, message_b), 0);
    hex(want, "D6BAC480F2C386C394EFC7C47ADB9925DCD2630B64F240C50F8D0EEC482B9157");
    assert_memory_equal(message_a, want, 32);
    hex(want, "B69EFFBF61B51D56401C0F65601ABE428DE8206FEAAF0E32198896DCAE7B35CD"
              "2B38950A39DFD5D4A79164614C2984F7DAA460B588C1E80C3FA2068AF7900447");
    assert_int_equal(cpace_finish(&in, ya, message_b, message_a, "ADa", message_b, "ADb", isk), 0);
    assert_memory_equal(isk, want, 64);
    assert_int_equal(cpace_finish(&in, yb, message_a, message_a, "ADa", message_b, "ADb", isk), 0);
    assert_memory_equal(isk, want, 64);
    memset(message_b, 0, 32); /* the neutral element */
    assert_int_equal(cpace_finish(&in, ya, message_b, message_a, "ADa", message_b, "ADb", isk), -1);
}

/* ---- two ends in one process ---- */

struct wire {
    uint8_t messages[64][20000];
    size_t sizes[64], n;
};

struct end {
    struct peer peer;
    struct mux *mux;
    struct wire out;
    struct handshake_keys keys;
    bool open, over;
    char reason[80];
    uint8_t got[600000];
    size_t got_size;
    int tries;
};

static struct end viewer, program;
static const char *secret_digits = "12345678";
static uint8_t pbkdf[32];

static void on_send(void *user, const uint8_t *message, size_t n)
{
    struct end *e = user;
    assert_true(e->out.n < 64 && n <= sizeof e->out.messages[0]);
    memcpy(e->out.messages[e->out.n], message, n);
    e->out.sizes[e->out.n++] = n;
}

static size_t send_room(void *user)
{
    struct end *e = user;
    return e->out.n < 60 ? 100000 : 0;
}

static void on_open(void *user, enum handshake_mode mode, const struct handshake_keys *keys)
{
    (void)mode;
    struct end *e = user;
    e->open = true;
    e->keys = *keys;
}

static void on_over(void *user, const char *reason, uint32_t retry_ms)
{
    (void)retry_ms;
    struct end *e = user;
    e->over = true;
    snprintf(e->reason, sizeof e->reason, "%s", reason ? reason : "broken");
}

static void on_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct end *e = user;
    assert_int_equal(channel, MUX_SCREEN);
    assert_true(e->got_size + n <= sizeof e->got);
    memcpy(e->got + e->got_size, data, n);
    e->got_size += n;
}

static const char *begin(void *user, enum handshake_mode mode, const uint8_t *resume_id, struct handshake_secret *out,
                         uint32_t *retry_ms)
{
    (void)retry_ms;
    struct end *e = user;
    if (mode == MODE_RESUME) {
        if (memcmp(resume_id, e->keys.resume_id, RESUME_ID_BYTES) != 0)
            return "ticket_invalid";
        memcpy(out->psk, e->keys.psk, KEY_BYTES);
        return NULL;
    }
    out->iterations = ITERATIONS_MIN;
    out->prs_size = mode == MODE_PAIR ? 8 : 32;
    memcpy(out->prs, mode == MODE_PAIR ? (const void *)secret_digits : pbkdf, out->prs_size);
    return NULL;
}

static bool count_try(void *user, enum handshake_mode mode)
{
    (void)mode;
    ((struct end *)user)->tries++;
    return true;
}

static uint32_t judged(void *user, enum handshake_mode mode, bool right)
{
    (void)mode;
    if (right)
        ((struct end *)user)->tries--;
    return 0;
}

static int stretch(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES])
{
    (void)user, (void)salt;
    assert_int_equal(iterations, ITERATIONS_MIN);
    memcpy(out, pbkdf, 32);
    return 0;
}

static void make_end(struct end *e)
{
    struct mux_hooks hooks = {.user = e, .data = on_data};
    memset(e, 0, sizeof *e);
    e->mux = mux_new(&hooks);
}

static void connect_ends(enum handshake_mode mode, const char *digits)
{
    struct handshake_hooks program_hooks = {&program, begin, count_try, judged};
    struct handshake_viewer_hooks viewer_hooks = {&viewer, stretch, NULL};
    struct peer_hooks hooks = {NULL, on_send, send_room, on_open, on_over};
    uint8_t psk[32], id[16];
    memcpy(psk, viewer.keys.psk, 32);
    memcpy(id, viewer.keys.resume_id, 16);
    viewer.out.n = program.out.n = 0;
    viewer.open = program.open = viewer.over = program.over = false;
    handshake_program(&program.peer.handshake, "sid", "conn", "claims", &program_hooks);
    handshake_viewer(&viewer.peer.handshake, mode, "sid", "conn", "claims", digits, psk, id, &viewer_hooks);
    hooks.user = &program;
    peer_start(&program.peer, program.mux, &hooks);
    hooks.user = &viewer;
    peer_start(&viewer.peer, viewer.mux, &hooks);
}

static void deliver(struct end *from, struct end *to)
{
    struct wire *w = malloc(sizeof *w);
    *w = from->out;
    from->out.n = 0;
    for (size_t i = 0; i < w->n; i++)
        peer_receive(&to->peer, w->messages[i], w->sizes[i]);
    free(w);
}

static void run(int turns)
{
    for (int i = 0; i < turns; i++) {
        deliver(&viewer, &program);
        deliver(&program, &viewer);
        peer_flush(&viewer.peer);
        peer_flush(&program.peer);
    }
}

static void setup_ends(void)
{
    assert_int_equal(crypto_start(), 0);
    make_end(&viewer);
    make_end(&program);
}

static void free_ends(void)
{
    peer_cleanup(&viewer.peer);
    peer_cleanup(&program.peer);
    mux_free(viewer.mux);
    mux_free(program.mux);
}

static void test_right_digits_pair_and_give_the_same_keys(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    assert_true(viewer.open && program.open);
    assert_memory_equal(viewer.keys.send, program.keys.receive, 32);
    assert_memory_equal(viewer.keys.psk, program.keys.psk, 32);
    assert_int_equal(program.tries, 0);
    free_ends();
}

static void test_wrong_digits_are_refused_and_counted(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345679");
    run(4);
    assert_false(viewer.open || program.open);
    assert_string_equal(viewer.reason, "code_invalid");
    assert_int_equal(program.tries, 1);
    free_ends();
}

static void test_password_mode_connects(void **state)
{
    (void)state;
    setup_ends();
    memset(pbkdf, 7, sizeof pbkdf);
    connect_ends(MODE_CONNECT, NULL);
    run(4);
    assert_true(viewer.open && program.open);
    free_ends();
}

static void test_a_changed_message_breaks_the_channel(void **state)
{
    (void)state;
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    mux_send(viewer.mux, MUX_SCREEN, "hello", 5);
    peer_flush(&viewer.peer);
    viewer.out.messages[0][viewer.out.sizes[0] - 1] ^= 1;
    deliver(&viewer, &program);
    assert_true(program.over);
    assert_int_equal(program.got_size, 0);
    free_ends();
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

/* S-8: the connection is cut again and again while a stream runs; every byte arrives once, in order. */
static void test_stream_survives_lost_connections(void **state)
{
    (void)state;
    enum { TOTAL = 500000 };
    setup_ends();
    connect_ends(MODE_PAIR, "12345678");
    run(4);
    size_t written = 0;
    for (int turn = 0; program.got_size < TOTAL; turn++) {
        uint8_t chunk[7001];
        size_t n = mux_room(viewer.mux, MUX_SCREEN);
        n = n < sizeof chunk ? n : sizeof chunk;
        n = n < TOTAL - written ? n : TOTAL - written;
        for (size_t i = 0; i < n; i++)
            chunk[i] = pattern(written + i);
        assert_int_equal(mux_send(viewer.mux, MUX_SCREEN, chunk, n), 0);
        written += n;
        peer_flush(&viewer.peer);
        if (turn % 5 == 4) { /* what is on the wire is lost */
            peer_cleanup(&viewer.peer);
            peer_cleanup(&program.peer);
            connect_ends(MODE_RESUME, NULL);
            run(4);
            assert_true(viewer.open && program.open);
        } else {
            run(1);
        }
        assert_true(turn < 2000);
    }
    for (size_t i = 0; i < TOTAL; i++)
        assert_int_equal(program.got[i], pattern(i));
    free_ends();
}

static void test_sender_stops_at_the_window(void **state)
{
    (void)state;
    struct mux_hooks hooks = {.data = NULL};
    struct mux *m = mux_new(&hooks);
    uint8_t *big = calloc(1, MUX_WINDOW), out[RECORD_PLAIN_MAX];
    size_t total = 0, n;
    assert_int_equal(mux_send(m, MUX_FILES, big, MUX_WINDOW), 0);
    assert_int_equal(mux_send(m, MUX_FILES, big, 1), -1);
    while ((n = mux_output(m, out, sizeof out)) > 0)
        total += n;
    assert_true(total >= MUX_WINDOW);
    assert_int_equal(mux_room(m, MUX_FILES), 0);
    free(big);
    mux_free(m);
}

static void test_hostile_frames_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t n;
    } bad[] = {{{0, 0, 0}, 3}, {{0, 9, 0, 0}, 4}, {{9, 0, 0, 0}, 4}, {{0, 1, 0, 5, 1}, 5},
               {{1, 1, 0, 12, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1}, 16}, {{2, 1, 0, 1, 0}, 5}, {{4, 0, 0, 1, 0}, 5}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mux_hooks hooks = {.user = &program, .data = on_data};
        struct mux *m = mux_new(&hooks);
        assert_int_equal(mux_input(m, bad[i].bytes, bad[i].n), -1);
        mux_free(m);
    }
}

static void test_offer_needs_the_servers_signature(void **state)
{
    (void)state;
    static const char json[] =
        "{\"v\":1,\"session\":\"S\",\"conn_id\":\"C\",\"technician\":\"T\",\"technician_name\":\"Tina \\u00e4\","
        "\"company_name\":\"M\",\"features\":[\"remote\"],\"view_only\":true,\"mode\":\"pair\",\"iat\":1,\"exp\":1000}";
    char claims[512], signature_text[128], message[600] = "beistand offer v1";
    uint8_t public_key[32], secret[64], signature[64];
    struct offer_keys keys = {.n = 1};
    struct offer offer;
    assert_int_equal(crypto_start(), 0);
    ed25519_keypair(public_key, secret);
    memcpy(keys.keys[0], public_key, 32);
    b64url_encode(claims, json, sizeof json - 1);
    memcpy(message + 18, claims, strlen(claims) + 1);
    ed25519_sign(signature, message, 18 + strlen(claims), secret);
    b64url_encode(signature_text, signature, sizeof signature);
    assert_int_equal(offer_read(&offer, claims, signature_text, "C", "S", &keys, 999), 0);
    assert_true(offer.view_only && !offer_refuses(&offer, "remote"));
    assert_string_equal(offer.technician_name, "Tina \xc3\xa4");
    assert_int_equal(offer_read(&offer, claims, signature_text, "C", "S", &keys, 1000), -1);
    assert_int_equal(offer_read(&offer, claims, signature_text, "D", "S", &keys, 1), -1);
    assert_int_equal(offer_read(&offer, claims, signature_text, "C", "X", &keys, 1), -1);
    signature[3] ^= 4;
    b64url_encode(signature_text, signature, sizeof signature);
    assert_int_equal(offer_read(&offer, claims, signature_text, "C", "S", &keys, 1), -1);
}

static void test_json_limits(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "{", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}",
                                      "{\"a\":[[[[[[[[[1]]]]]]]]]}", "{\"a\":1} x", "{a:1}", "{\"a\":\"\n\"}"};
    char text[16];
    int64_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(json_valid(bad[i], strlen(bad[i])));
    static const char good[] = " {\"a\":\"x\\n\\u00fc\",\"n\":-5,\"l\":[\"p\",\"q\"],\"o\":{\"a\":1}} ";
    assert_true(json_valid(good, strlen(good)));
    assert_true(json_get_text(good, "a", text, sizeof text));
    assert_string_equal(text, "x\n\xc3\xbc");
    assert_true(json_get_integer(good, "n", &n) && n == -5);
    assert_true(json_array_has(good, "l", "q") && !json_array_has(good, "l", "z"));
    assert_false(json_get_text(good, "a", text, 3));
    assert_false(json_get_text("{\"a\":\"1\",\"a\":\"2\"}", "a", text, sizeof text));
}

static void test_link_tokens_are_found_and_mistypings_are_not(void **state)
{
    (void)state;
    uint8_t raw[LINK_TOKEN_BYTES] = {7, 1, 2, 3, 4, 5, 6, 7, 8, 250};
    char token[LINK_TOKEN_TEXT + 1], found[LINK_TOKEN_TEXT + 1], name[80], wrong[LINK_TOKEN_TEXT + 1];
    link_token_encode(token, raw);
    snprintf(name, sizeof name, "Support-%.6s-%.6s-%.6s (1).exe", token, token + 6, token + 12);
    assert_int_equal(link_token_find(name, found), 7);
    assert_string_equal(found, token);
    for (size_t i = 0; i < LINK_TOKEN_TEXT; i++) {
        memcpy(wrong, token, sizeof wrong);
        wrong[i] = wrong[i] == '7' ? '8' : '7';
        assert_int_equal(link_token_read(wrong, found), strcmp(wrong, token) == 0 ? 7 : -1);
    }
}

static void test_damm_finds_wrong_digits_and_swaps(void **state)
{
    (void)state;
    char code[9] = "5720000";
    code[7] = damm_check_digit(code, 7);
    assert_int_equal(damm_check_digit("572", 3), '4'); /* the thesis' example */
    assert_true(damm_valid(code, 8));
    for (int i = 0; i < 8; i++)
        for (char d = '0'; d <= '9'; d++) {
            char changed[9];
            memcpy(changed, code, sizeof changed);
            changed[i] = d;
            assert_int_equal(damm_valid(changed, 8), d == code[i]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpace_matches_the_drafts_vectors),
        cmocka_unit_test(test_right_digits_pair_and_give_the_same_keys),
        cmocka_unit_test(test_wrong_digits_are_refused_and_counted),
        cmocka_unit_test(test_password_mode_connects),
        cmocka_unit_test(test_a_changed_message_breaks_the_channel),
        cmocka_unit_test(test_stream_survives_lost_connections),
        cmocka_unit_test(test_sender_stops_at_the_window),
        cmocka_unit_test(test_hostile_frames_are_refused),
        cmocka_unit_test(test_offer_needs_the_servers_signature),
        cmocka_unit_test(test_json_limits),
        cmocka_unit_test(test_link_tokens_are_found_and_mistypings_are_not),
        cmocka_unit_test(test_damm_finds_wrong_digits_and_swaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
