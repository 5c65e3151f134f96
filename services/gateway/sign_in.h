/* Signing in: attempts and their limits, second factors, the sign-ins that exist. */
#ifndef BEISTAND_GATEWAY_SIGN_IN_H
#define BEISTAND_GATEWAY_SIGN_IN_H

#include "directory.h"

enum { AGENT_SIZE = 48, METHOD_SIZE = 16, TOTP_PLACE_SIZE = 64 };

/* One attempt; lives as long as its call (c->attempt). */
struct attempt {
    char address[ADDRESS_SIZE]; /* whom limits count: an IPv4 address or an IPv6 /64, "direct" when nobody says */
    char address_digest[DIGEST_SIZE];
    char email[EMAIL_MAX + 1];
    char method[METHOD_SIZE];   /* password, oidc */
    char cookie[SECRET_SIZE];
    bool known;                 /* this address has signed this person in before */
    unsigned failures;          /* for this e-mail, lately, from anywhere */
    uint64_t step;              /* of the code; 0: none was needed */
    bool recovered;
    int64_t wait;               /* of the limits asked; the longest */
    size_t asked;
    void (*then)(struct call *c);
    void (*refuse)(struct call *c, const char *reason); /* NULL: problem+json */
    struct loop_timer *timer;
};

/* limits.c. Each asks one or several buckets at once; then(c) runs when none of them refuses, else 429 with Retry-After
 * was answered. */
void limit_sign_in(struct call *c, const char *account, void (*then)(struct call *c));
/* Codes of a second factor, once the password was right. */
void limit_code(struct call *c, void (*then)(struct call *c));
/* Everything else without a credential, by address. */
void limit_public(struct call *c, void (*then)(struct call *c));
void limit_refuse(struct call *c, int64_t wait_ms);
/* Makes attempts for an account that is being tried from everywhere cost time, for addresses that never signed it in. */
void limit_delay(struct call *c, void (*then)(struct call *c));
/* api_limit.c: requests of the credential c->who.key. */
void limit_api(struct call *c, void (*then)(struct call *c));
void api_limits_free(void);
void attempt_free(struct attempt *a);
struct attempt *attempt_of(struct call *c);

/* sign_in.c: makes a cookie for c->who.technician; then(c) once it exists (Set-Cookie is added), else a refusal. */
void sign_in_start(struct call *c, void (*then)(struct call *c));
/* For the audit log; nobody waits for it. */
void sign_in_refused(struct call *c, const char *reason);

/* handle_sign_ins.c: ends a sign-in of technician; the transition's reply goes to fn with c. */
void sign_in_end(struct call *c, const char *technician, const char *id, redis_fn fn);
/* handle_sign_in.c: "tid:cid", perhaps with the time of the claim behind it, into c->who. */
bool read_person_ids(struct call *c, const char *text);

/* second_factor.c: does the code (totp or recovery) belong to c->who.person? then(c) with the attempt's step or recovered
 * set; else second_factor_required was answered. */
void second_factor_check(struct call *c, const char *code, void (*then)(struct call *c));

/* second_factor.c: for what c->who.technician's key is sealed; the step whose code this is, 0: none of now. */
const char *totp_place(char out[TOTP_PLACE_SIZE], const struct call *c);
uint64_t totp_step(const struct call *c, const char *sealed, const char *code);

/* user_agent.c */
void agent_name(const char *agent, char out[AGENT_SIZE]);

/* store_sign_in.c */
void store_rate(struct call *c, const char *what, unsigned burst, int64_t per_ms, redis_fn fn);
void store_tokens(struct call *c, const char *what, unsigned burst, double per_ms, unsigned cost, bool spent,
                  redis_fn fn, void *user);
void store_attempt(struct call *c, const char *verb, redis_fn fn, void *user);
void store_sign_in(struct call *c, const char *wish, redis_fn fn, void *user);
void store_sign_ins(struct call *c, const char *technician, redis_fn fn);
void store_subscribe_revoked(struct gateway *g, redis_fn fn);
void store_sign_in_digest(struct call *c, const char *id, redis_fn fn);

/* handle_*.c */
void handle_sign_ins(struct call *c);
void handle_sign_in_end(struct call *c);
void handle_password_change(struct call *c);
void handle_totp_begin(struct call *c);
void handle_totp_confirm(struct call *c);
void handle_totp_remove(struct call *c);

#endif
