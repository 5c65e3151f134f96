/* Signed tokens of an identity provider: JWS compact form (RFC 7515) with RS256 or ES256, keys as a JWK set (RFC 7517), the
 * claims of an ID token (OpenID Connect Core 3.1.3.7). Pure: time and keys come in as arguments. */
#ifndef BEISTAND_GATEWAY_JWS_H
#define BEISTAND_GATEWAY_JWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { JWS_MAX = 32768 };

/* The payload when one of the set's keys has signed it, else NULL; *unknown then tells that the set has no key of the
 * name it was signed with (the provider may have a new one). New. */
json_t *jws_verify(const char *token, const json_t *key_set, bool *unknown);
/* NULL when the claims are for this client and this sign-in, else what is wrong with them. */
const char *id_token_wrong(const json_t *claims, const char *issuer, const char *client_id, const char *nonce, int64_t now_s);
/* The address that the provider has verified, "" when it says none. Borrowed. */
const char *verified_email(const json_t *claims);

#endif
