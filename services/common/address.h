/* Which network addresses are somebody's own: requests to a place that a customer names must not reach them. Pure. */
#ifndef BEISTAND_ADDRESS_H
#define BEISTAND_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for loopback, private, link-local, shared, documentation, multicast and reserved addresses (IANA's special-purpose
 * registries), also when they are wrapped in IPv6 (mapped, NAT64, 6to4), and for other families. */
bool address_is_public(const struct sockaddr *a);

#endif
