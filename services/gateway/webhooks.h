/* Webhooks of a company (docs/decisions/0042): registrations are part of the directory (proto/lua/directory.lua), deliveries
 * are made by invitations (proto/lua/webhook.lua). */
#ifndef BEISTAND_GATEWAY_WEBHOOKS_H
#define BEISTAND_GATEWAY_WEBHOOKS_H

#include "directory.h"

enum { WEBHOOK_URL_MAX = 2000, WEBHOOK_TYPES_MAX = 20, WEBHOOK_SECRET_SIZE = 51, /* whsec_ + base64 of 32 bytes + NUL */
       WEBHOOK_TEXT_MAX = 200 };

/* webhook_url.c (pure): NULL, or why requests cannot go there. */
const char *webhook_url_wrong(const char *url, bool allow_http, bool allow_private);
/* webhook_types.c (pure): ["session.*", "audit.signed_in"] as a comma separated text, malloc'ed; NULL when it is no such list. */
char *webhook_types_text(const json_t *array);

/* webhook_secret.c: a new secret in out, and sealed for the record (malloc'ed; NULL when that failed). */
char *webhook_secret_new(const struct call *c, const char *wid, char out[WEBHOOK_SECRET_SIZE]);
/* Opens the record's secret; false when the key is not loaded here. */
bool webhook_secret_open(const struct call *c, const char *wid, const json_t *record, char out[WEBHOOK_SECRET_SIZE]);

/* webhook_view.c. state: hash of how it goes, or NULL. New. */
json_t *webhook_view(const json_t *record, const json_t *state);
json_t *delivery_view(const json_t *record);

/* Refuses unless an administrator asks for a webhook of their company. */
bool webhook_asked_for(struct call *c);

/* store_webhooks.c */
void store_webhook_state(struct call *c, const char *wid, redis_fn fn, void *user);
void store_webhook_index(struct call *c, redis_fn fn);
void store_webhook_again(struct call *c, const char *id, const char *body, redis_fn fn);
/* Ids of deliveries made at most at ms, newest first. */
void store_delivery_page(struct call *c, const char *ms, unsigned limit, redis_fn fn);
void store_delivery(struct call *c, const char *id, redis_fn fn, void *user);

#endif
