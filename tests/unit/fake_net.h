/* The core's seam to sockets and clocks (agent/core/net.h) as buffers that a test fills and reads. */
#ifndef BEISTAND_TESTS_FAKE_NET_H
#define BEISTAND_TESTS_FAKE_NET_H

#include "agent/core/net.h"

enum { FAKE_CONNECTIONS = 64, FAKE_BUFFER = 1 << 20 };

/* Forgets all connections; the clocks start at 1,000,000. */
void fake_net_reset(void);
void fake_net_advance(int64_t ms);
/* Moves the wall clock alone, as somebody at the PC can. */
void fake_net_turn_clock(int64_t ms);
/* Connections made since the reset; the i-th, also after net_close(). */
size_t fake_net_count(void);
struct net *fake_net_at(size_t i);
/* What the other end sends, to be read in pieces of at most `piece` bytes (0: as asked for). */
void fake_net_feed(struct net *n, const void *data, size_t size, size_t piece);
/* Reading gives -1 after what was fed. */
void fake_net_end(struct net *n);
void fake_net_set_state(struct net *n, enum net_state state);
/* Bytes that writing takes from now on; then 0 each time. */
void fake_net_set_room(struct net *n, size_t room);
/* What was written, NUL-terminated; it goes on from the last call. */
const uint8_t *fake_net_sent(struct net *n, size_t *size);
bool fake_net_closed(const struct net *n);
/* net_connect() gives NULL from now on. */
void fake_net_refuse(bool refuse);

#endif
