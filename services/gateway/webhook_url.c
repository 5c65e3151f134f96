/* Where webhooks may point to. This is for a clear answer at registration; what counts is checked when the socket is made
 * (services/common/fetch.c), because a name can resolve to something else every time. */
#include "webhooks.h"

#include "common/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool private_host(const char *host)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char bare[64];
    size_t n = strlen(host);
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return !address_is_public((struct sockaddr *)&v4);
    if (n > 2 && n < sizeof bare && host[0] == '[') {
        memcpy(bare, host + 1, n - 2);
        bare[n - 2] = '\0';
        return inet_pton(AF_INET6, bare, &v6.sin6_addr) != 1 || !address_is_public((struct sockaddr *)&v6);
    }
    return strcasecmp(host, "localhost") == 0 || (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0);
}

static char *part(CURLU *u, CURLUPart what)
{
    char *text = NULL;
    return curl_url_get(u, what, &text, 0) == CURLUE_OK ? text : NULL;
}

static const char *judge(CURLU *u, bool allow_http, bool allow_private)
{
    char *scheme = part(u, CURLUPART_SCHEME), *host = part(u, CURLUPART_HOST), *user = part(u, CURLUPART_USER),
         *fragment = part(u, CURLUPART_FRAGMENT);
    const char *wrong = NULL;
    bool https = scheme && strcmp(scheme, "https") == 0, http = scheme && strcmp(scheme, "http") == 0;
    if (!https && !(http && allow_http))
        wrong = allow_http ? "url is an http or https address." : "url is an https address.";
    else if (user || fragment)
        wrong = "url has no user name and no fragment.";
    else if (!host || (!allow_private && private_host(host)))
        wrong = "url names a public address.";
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_free(fragment);
    return wrong;
}

const char *webhook_url_wrong(const char *url, bool allow_http, bool allow_private)
{
    CURLU *u = curl_url();
    const char *wrong = "url is an https address of at most 2000 characters without blanks.";
    bool plain = url && *url && strlen(url) <= WEBHOOK_URL_MAX;
    for (const char *c = url; plain && *c; c++)
        plain = *c > 0x20 && *c < 0x7F;
    if (plain && u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
        wrong = judge(u, allow_http, allow_private);
    curl_url_cleanup(u);
    return wrong;
}
