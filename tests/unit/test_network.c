/* agent/core/network and offer: small rules of the program that need no socket. */
#include "agent/core/network.h"
#include "agent/core/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void test_what_blocks_the_network_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *error, *name;
    } seen[] = {
        {-1, "tcp: Connection refused", "firewall"},
        {-1, "tcp: connection timed out", "firewall"},
        {-1, "tcp: the host's name is not known", "firewall"},
        {-1, "tcp: closed without an answer", "firewall"},
        {-1, "no answer in time", "firewall"},
        {-1, "the answer is cut off", "firewall"},
        {-1, "tls: unable to get local issuer certificate", "tls_inspection"},
        {-1, "tls: the handshake failed (0x80090325)", "tls_inspection"},
        {407, "", "proxy"},
        {302, "", "proxy"},
        {200, "", "proxy"}, /* a page where JSON was expected */
        {-1, "the answer is not HTTP", "proxy"},
    };
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        assert_string_equal(network_block_name(network_classify(seen[i].status, seen[i].error)), seen[i].name);
    assert_string_equal(network_block_name(NETWORK_FREE), "");
}

static void test_an_offer_allows_only_what_it_lists(void **state)
{
    (void)state;
    struct offer offer = {.features = ",remote,chat,", .withheld = ",files,"};
    assert_null(offer_refuses(&offer, "remote"));
    assert_null(offer_refuses(&offer, "chat"));
    assert_string_equal(offer_refuses(&offer, "files"), "permission_missing");
    assert_string_equal(offer_refuses(&offer, "dashboard"), "plan_excludes_feature");
    static const char *const tricks[] = {"", ",", "remote,chat", "emote", "remot", "a feature whose name is longer than any list"};
    for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++)
        assert_string_equal(offer_refuses(&offer, tricks[i]), "plan_excludes_feature");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_blocks_the_network_is_told_apart),
        cmocka_unit_test(test_an_offer_allows_only_what_it_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
