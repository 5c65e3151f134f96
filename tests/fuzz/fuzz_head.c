/* The head of an upgrade at the relay; e-mail addresses, cookies and permissions at the gateway. */
#include "fuzz.h"

#include "gateway/credentials.h"
#include "gateway/email.h"
#include "relay/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Origin"};
    static const char *const prefixes[] = {"agent.", "ticket.", "session."};
    char *text = copy_text(data, size), out[64], part[53];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!head_value(text, names[i], out, sizeof out))
            continue;
        HOLDS(strlen(out) < sizeof out && !strpbrk(out, "\r\n"));
        for (size_t j = 0; j < sizeof prefixes / sizeof *prefixes; j++)
            if (head_protocol(out, prefixes[j], part, sizeof part))
                HOLDS(strlen(part) > 0 && !strpbrk(part, ", "));
    }
    if (email_valid(text))
        HOLDS(strlen(text) <= EMAIL_MAX && !strpbrk(text, "\r\n <>\"") && strchr(text, '@') == strrchr(text, '@'));
    if (cookie_value(text, "beistand_session", part, sizeof part))
        HOLDS(!strpbrk(part, "; "));
    if (permission_listed(text, "adhoc_support"))
        HOLDS(strstr(text, "adhoc_support"));
    free(text);
    return 0;
}
