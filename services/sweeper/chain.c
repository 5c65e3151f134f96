/* The audit logs' part of a batch. The records follow from the outbox's order and the heads alone, so whoever drains the
 * same entries again makes the same records; sweep_trim.lua appends them in the step that removes the entries. */
#include "sweeper.h"

#include "common/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct chain *find_chain(struct bucket *b, const char *company)
{
    struct batch *batch = b->batch;
    for (size_t i = 0; i < batch->n_chains; i++)
        if (strcmp(batch->chains[i].company, company) == 0)
            return &batch->chains[i];
    struct chain *c = &batch->chains[batch->n_chains++];
    *c = (struct chain){.bucket = b};
    snprintf(c->company, sizeof c->company, "%s", company);
    return c;
}

/* "id company seq prev hash cut session record"; the event learns its place in the log for whoever reads the journal. */
static bool make_record(struct bucket *b, struct entry *e, struct chain *c)
{
    char id[48], prev[AUDIT_HASH_SIZE];
    snprintf(id, sizeof id, "%02d-%s", b->number, e->id);
    memcpy(prev, c->head.hash, sizeof prev);
    struct audit_record r = audit_record(e->event, id, &c->head);
    const char *session = json_text(e->event, "session", "");
    size_t size = r.text ? strlen(r.text) + 320 : 0;
    char *trim = r.text ? malloc(size) : NULL;
    if (trim)
        snprintf(trim, size, "%s %s %" PRId64 " %s %s %" PRId64 " %s %s", e->id, c->company, c->head.seq, prev,
                 c->head.hash, r.cut, bucket_of_id(session) >= 0 ? session : "-", r.text);
    free(r.text);
    free(e->trim);
    e->trim = trim;
    json_object_set_new(e->event, "audit",
                        json_pack("{sI ss ss}", "seq", (json_int_t)c->head.seq, "prev", prev, "hash", c->head.hash));
    return trim != NULL;
}

static void make_records(struct bucket *b)
{
    struct batch *batch = b->batch;
    for (size_t i = 0; i < batch->n && !batch->failed; i++) {
        struct entry *e = &batch->entries[i];
        if (e->event && audit_wants(e->event) &&
            !make_record(b, e, find_chain(b, json_text(e->event, "company", ""))))
            batch->failed = true;
    }
    bucket_chained(b);
}

static void on_head(void *user, const redisReply *reply)
{
    struct chain *c = user;
    struct bucket *b = c->bucket;
    bool known = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                 reply->element[0]->type == REDIS_REPLY_STRING && reply->element[1]->type == REDIS_REPLY_STRING &&
                 reply->element[1]->len == AUDIT_HASH_SIZE - 1;
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        b->batch->failed = true;
    if (known) {
        c->head.seq = strtoll(reply->element[0]->str, NULL, 10);
        memcpy(c->head.hash, reply->element[1]->str, AUDIT_HASH_SIZE);
    } else {
        audit_head_first(&c->head, c->company);
    }
    if (--b->batch->unread == 0)
        make_records(b);
}

void bucket_chain(struct bucket *b)
{
    struct batch *batch = b->batch;
    b->state = BUCKET_CHAINING;
    for (size_t i = 0; i < batch->n; i++)
        if (batch->entries[i].event && audit_wants(batch->entries[i].event))
            find_chain(b, json_text(batch->entries[i].event, "company", ""));
    batch->unread = batch->n_chains + 1; /* one is ours, so that the batch cannot go on while it is being asked for */
    for (size_t i = 0; i < batch->n_chains; i++) {
        if (heads_find(b, &batch->chains[i]))
            batch->unread--;
        else
            store_audit_head(&batch->chains[i], on_head);
    }
    if (--batch->unread == 0)
        make_records(b);
}
