/* The server's word on who connects (proto/channel.md section 2): claims signed with Ed25519. Nobody between
 * server and PC can make or change one. */
#ifndef BEISTAND_OFFER_H
#define BEISTAND_OFFER_H

#include "crypto.h"

enum { OFFER_CLAIMS_MAX = 4096, OFFER_KEYS_MAX = 4 };

struct offer {
    char conn_id[32], session[32], technician[32];
    char technician_name[256], company_name[256];
    char mode[16];
    bool view_only, dashboard_read_only;
    char features[64], withheld[64]; /* ",remote,chat,": what the plan and the permission give, what the permission lacks */
    int64_t expires_ms;
    char claims[OFFER_CLAIMS_MAX + 1]; /* the b64u text: part of the handshake */
};

struct offer_keys {
    size_t n;
    uint8_t keys[OFFER_KEYS_MAX][ED25519_PUBLIC_BYTES];
};

/* Checks signature, session, that conn_id is the one offered, and the expiry (now_ms: the server's time as the
 * program knows it). 0 and *out filled, or -1. */
int offer_read(struct offer *out, const char *claims, const char *signature, const char *conn_id,
               const char *session, const struct offer_keys *keys, int64_t now_ms);

/* May this feature be used with these claims? NULL, or the reason: permission_missing when only the technician's
 * permission lacks, else plan_excludes_feature. Pure. */
const char *offer_refuses(const struct offer *o, const char *feature);

#endif
