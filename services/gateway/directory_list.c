/* A page of a list: the index gives names, newest first, and each is read. The cursor is the last name's place in
 * the index, so pages neither skip nor repeat what is there the whole time. */
#include "directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page_read {
    struct call *call;
    const struct listing *listing;
    int bucket;
    size_t at; /* of this entry in parts.entries */
};

bool read_page(struct call *c, unsigned *limit, const char **cursor)
{
    const char *text = http_query(c->request, "limit");
    char *end = NULL;
    unsigned long n = text ? strtoul(text, &end, 10) : 50;
    *cursor = http_query(c->request, "cursor");
    bool good_limit = !text || (*text >= '0' && *text <= '9' && !*end && n >= 1 && n <= PAGE_MAX);
    /* "created_at:name" of the index. */
    bool good_cursor = !*cursor || (strlen(*cursor) > 14 && strlen(*cursor) <= 14 + 64 &&
                                    strspn(*cursor, "0123456789") == 13 && (*cursor)[13] == ':' &&
                                    strspn(*cursor + 14, "0123456789abcdefghjkmnpqrstvwxyz") == strlen(*cursor) - 14);
    *limit = (unsigned)n;
    if (good_limit && good_cursor)
        return true;
    call_refuse(c, "invalid_request", "limit is 1 to 100, cursor what an earlier answer gave.");
    return false;
}

static void finish_page(struct call *c, const struct listing *l)
{
    json_t *items = json_array();
    const json_t *entries = json_object_get(c->parts, "entries");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const json_t *record = json_object_get(entry, "record");
        json_t *view = record ? l->view(c, json_text(entry, "name", ""), record) : NULL;
        if (view)
            json_array_append_new(items, view);
    }
    json_t *next = json_object_get(c->parts, "next");
    respond_json(c->request, 200, json_pack("{so sO}", l->member, items, "next_cursor", next ? next : json_null()));
}

static void on_entry(void *user, const redisReply *reply)
{
    struct page_read *read = user;
    struct call *c = read->call;
    const struct listing *l = read->listing;
    json_t *record = hash_object(reply);
    if (record)
        json_object_set_new(json_array_get(json_object_get(c->parts, "entries"), read->at), "record", record);
    if (!reply)
        json_object_set_new(c->parts, "lost", json_true());
    free(read);
    if (--c->waiting > 0)
        return;
    if (json_object_get(c->parts, "lost"))
        call_refuse(c, "unavailable", NULL);
    else
        finish_page(c, l);
}

static void read_entry(const struct page_read *page, size_t at, const char *name)
{
    struct page_read *read = malloc(sizeof *read);
    if (!read)
        abort();
    *read = *page;
    read->at = at;
    page->call->waiting++;
    store_entity(page->call->gateway, page->bucket, page->listing->kind, name, on_entry, read);
}

static void on_index(void *user, const redisReply *reply)
{
    struct page_read *page = user;
    struct call *c = page->call;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        free(page);
        return;
    }
    json_t *entries = json_array();
    c->parts = json_pack("{so}", "entries", entries);
    c->waiting = 1; /* ours, so that the page cannot be finished while it is being asked for */
    for (size_t i = 0; i < reply->elements; i++) {
        const char *member = reply->element[i]->str, *colon = strchr(member, ':');
        if (!colon)
            continue;
        json_array_append_new(entries, json_pack("{ss}", "name", colon + 1));
        read_entry(page, json_array_size(entries) - 1, colon + 1);
    }
    if (reply->elements == c->limit)
        json_object_set_new(c->parts, "next", json_string(reply->element[reply->elements - 1]->str));
    if (--c->waiting == 0)
        finish_page(c, page->listing);
    free(page);
}

void list_page(struct call *c, const struct listing *l, int bucket, const char *owner)
{
    const char *cursor;
    if (!read_page(c, &c->limit, &cursor))
        return;
    struct page_read *page = calloc(1, sizeof *page);
    if (!page)
        abort();
    *page = (struct page_read){.call = c, .listing = l, .bucket = bucket};
    store_index_page(c->gateway, bucket, l->index, owner, cursor, c->limit, on_index, page);
}
