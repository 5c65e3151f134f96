/* libsodium's randomness from a script: for vectors with fixed nonces and secrets, and for runs that repeat. Nothing in
 * the programs knows of it. */
#ifndef BEISTAND_TESTS_SCRIPTED_RANDOM_H
#define BEISTAND_TESTS_SCRIPTED_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Instead of crypto_start(), before anything random is asked for. */
void scripted_random_start(void);
/* The next bytes that will be given out; without any, a fixed sequence follows. */
void scripted_random_add(const uint8_t *bytes, size_t n);
/* Bytes of the script nobody has asked for. */
size_t scripted_random_left(void);

/* The nonce of RFC 6455 section 1.3, and the key and answer that follow from it. */
#define SAMPLE_NONCE "the sample nonce"
#define SAMPLE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define SAMPLE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define SAMPLE_UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " SAMPLE_ACCEPT "\r\n"

#endif
