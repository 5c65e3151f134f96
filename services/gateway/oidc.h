/* Single sign-on by OpenID Connect: what one sign-in carries, and the providers' documents. */
#ifndef BEISTAND_GATEWAY_OIDC_H
#define BEISTAND_GATEWAY_OIDC_H

#include "sign_in.h"
#include "text.h"

enum { ISSUER_MAX = 500, CLIENT_ID_MAX = 300, VERIFIER_SIZE = 44, NONCE_SIZE = 33, OIDC_TTL_S = 600 };

/* Lives as long as its call (c->oidc). */
struct oidc_flow {
    char issuer[ISSUER_MAX + 1], client_id[CLIENT_ID_MAX + 1];
    char verifier[VERIFIER_SIZE]; /* PKCE, RFC 7636 */
    char nonce[NONCE_SIZE];
    char *secret;                 /* of the client; NULL: a public client */
    char *id_token, *access_token;
    json_t *claims;               /* of the ID token, once it is right */
    json_t *metadata, *keys;      /* borrowed from the cache by reference count */
    bool fresh_keys;              /* they were fetched for this call */
    void (*then)(struct call *c);
    void (*fail)(struct call *c, const char *reason);
};

struct oidc_flow *flow_of(struct call *c);
void flow_free(struct oidc_flow *f);

/* oidc.c. Each runs flow->then, or flow->fail with a reason. */
void oidc_metadata(struct call *c, void (*then)(struct call *c)); /* discovery document of flow->issuer */
void oidc_keys(struct call *c, bool fresh, void (*then)(struct call *c));
/* May the browser be sent there, may we ask there? */
bool oidc_good_url(const struct gateway *g, const char *url);

/* store_sign_in.c */
void store_oidc_state(struct call *c, const char *state, const char *json, redis_fn fn);
void store_take_oidc_state(struct call *c, const char *state, redis_fn fn);

void handle_oidc_start(struct call *c);
void handle_oidc_callback(struct call *c);

#endif
