/* See network.h. */
#include "network.h"

#include "http_client.h"

#include <string.h>

enum network_block network_classify(int status, const char *error)
{
    if (status > 0 || strcmp(error, HTTP_NOT_HTTP) == 0)
        return NETWORK_PROXY;
    if (strncmp(error, "tls:", 4) == 0)
        return NETWORK_TLS_INSPECTION;
    return NETWORK_FIREWALL;
}

const char *network_block_name(enum network_block b)
{
    static const char *const names[] = {"", "firewall", "proxy", "tls_inspection"};
    return names[b];
}
