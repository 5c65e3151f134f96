/* The narrow seam between the portable core and the system's sockets and TLS. Linux: agent/sim/net_openssl.c;
 * Windows: agent/win/net_schannel.c. One thread; nothing blocks but net_wait(). */
#ifndef BEISTAND_NET_H
#define BEISTAND_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net;
enum net_state { NET_CONNECTING, NET_OPEN, NET_FAILED };

/* ca_pem: the only certificate authorities that are trusted. 0, or -1 when it cannot be used. Once per process. */
int net_start(const char *ca_pem);
/* Begins a TLS connection to host:port; the certificate must be valid for host. NULL without memory. */
struct net *net_connect(const char *host, uint16_t port);
enum net_state net_state(struct net *n);
/* Bytes taken (0: none now), or -1: the connection is broken. */
int net_send(struct net *n, const void *data, size_t size);
/* Bytes read, 0: none now, -1: closed or broken. */
int net_recv(struct net *n, void *data, size_t size);
/* Text of the failure, for a person; stays valid until net_close(). "tls: …" when TLS or the certificate failed,
 * "tcp: …" when no connection came about. */
const char *net_error(const struct net *n);
void net_close(struct net *n);

/* Waits until one of the connections can go on (reading always; writing where want_write is set), or until
 * timeout_ms are over. extra: one more descriptor to read from (-1: none). n at most NET_WAIT_MAX. */
enum { NET_WAIT_MAX = 32 };
void net_wait(struct net *const *set, const bool *want_write, size_t n, int extra, int timeout_ms);

/* Monotonic and wall clock in milliseconds. */
int64_t clock_monotonic_ms(void);
int64_t clock_wall_ms(void);

#endif
