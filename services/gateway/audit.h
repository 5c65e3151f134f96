/* The company's audit log, read (services/sweeper writes it; docs/decisions/0041-audit-log.md), and the notes of what is
 * no transition. */
#ifndef BEISTAND_GATEWAY_AUDIT_H
#define BEISTAND_GATEWAY_AUDIT_H

#include "gateway.h"
#include "text.h"

enum { AUDIT_BATCH = 200, AUDIT_HASH_SIZE = 65, REPORT_RECORDS_MAX = 1000 };

/* audit.c: goes to the log and to webhooks. type: "audit.…"; session: its id or NULL; details are let go (may be NULL). */
void note(struct call *c, const char *type, const char *session, json_t *details);
/* A stream entry as the API shows it: the record and its hash; *seq gets its number. NULL when it is none. New. */
json_t *audit_view(const redisReply *entry, int64_t *seq);
/* The answer to HMGET seq hash; false when the company has no log yet. */
bool audit_read_head(const redisReply *reply, int64_t *seq, char hash[AUDIT_HASH_SIZE]);
/* All records of c->session, oldest first (the newest REPORT_RECORDS_MAX of them): c->parts = {records: [...]}, then
 * then(c); refuses when Redis is lost. */
void audit_of_session(struct call *c, void (*then)(struct call *c));

/* report_csv.c, report_page.c: the session's report. report: {session, records, generated_at, generated_by}. malloc'ed;
 * NULL when it would be larger than REPORT_BYTES_MAX. */
enum { REPORT_BYTES_MAX = 4 * 1024 * 1024 };
char *report_csv(const json_t *report);
char *report_page(const json_t *report, enum language language);

/* store_audit.c */
void store_note(struct gateway *g, const char *company, const char *note);
void store_audit_head(struct gateway *g, const char *company, redis_fn fn, void *user);
/* At most limit records below seq before, newest first; above seq after, oldest first. */
void store_audit_before(struct gateway *g, const char *company, int64_t before, unsigned limit, redis_fn fn, void *user);
void store_audit_after(struct gateway *g, const char *company, int64_t after, unsigned limit, redis_fn fn, void *user);
void store_audit_record(struct gateway *g, const char *company, const char *seq, redis_fn fn, void *user);
/* The numbers of the session's records. */
void store_audit_of_session(struct gateway *g, const char *sid, redis_fn fn, void *user);

#endif
