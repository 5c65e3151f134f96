/* Audit records (SPEC S-48). Pure: an event and the log's head in, a record and the new head out.
 *
 * A record is canonical JSON (RFC 8785: sorted keys, no white space, only strings, whole numbers and objects); its hash is
 * SHA-256(hash of the record before it, 64 hexadecimal digits ‖ the record's canonical JSON), and `prev` repeats the former.
 * The first record's prev is SHA-256("beistand audit v1" ‖ 0 ‖ company id). docs/decisions/0041-audit-log.md. */
#ifndef BEISTAND_SWEEPER_AUDIT_H
#define BEISTAND_SWEEPER_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { AUDIT_HASH_SIZE = 65, AUDIT_DETAILS_MAX = 4096 };

/* The newest record of a company's log; seq 0 and the company's first prev when there is none. */
struct audit_head {
    int64_t seq;
    char hash[AUDIT_HASH_SIZE];
};

struct audit_record {
    char *text;      /* canonical JSON without the hash; malloc'ed */
    int64_t cut;     /* audit.trimmed: the seq through which the log is cut off; else 0 */
};

void audit_head_first(struct audit_head *head, const char *company);
/* Repeated outcomes and records that are only journaled again are no news. */
bool audit_wants(const json_t *event);
/* event: as in the outbox; id: "{bucket}-{outbox id}". Advances head. text is NULL without memory. */
struct audit_record audit_record(const json_t *event, const char *id, struct audit_head *head);

#endif
