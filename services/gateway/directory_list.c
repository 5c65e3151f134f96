/* A page of a list: the index gives names, newest first, and each is read. The cursor is the last name's place in
 * the index, so pages neither skip nor repeat what is there the whole time. */
#include "directory.h"

#include <string.h>

bool read_page(struct call *c, const char **cursor)
{
    *cursor = http_query(c->request, "cursor");
    /* "created_at:name" of the index. */
    bool good_cursor = !*cursor || (strlen(*cursor) > 14 && strlen(*cursor) <= 14 + 64 &&
                                    strspn(*cursor, "0123456789") == 13 && (*cursor)[13] == ':' &&
                                    strspn(*cursor + 14, "0123456789abcdefghjkmnpqrstvwxyz") == strlen(*cursor) - 14);
    if (read_limit(c) && good_cursor)
        return true;
    call_refuse(c, "invalid_request", "limit is 1 to 100, cursor what an earlier answer gave.");
    return false;
}

static void finish_page(struct call *c)
{
    const struct listing *l = c->listing;
    json_t *items = json_array();
    const json_t *names = json_object_get(c->parts, "names");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        const json_t *record = part_of(c, "", name);
        json_t *view = record ? l->view(c, name, record) : NULL;
        if (view)
            json_array_append_new(items, view);
    }
    json_t *next = json_object_get(c->parts, "next");
    respond_json(c->request, 200, json_pack("{so sO}", l->member, items, "next_cursor", next ? next : json_null()));
}

static void on_index(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    json_t *names = json_array();
    parts_begin(c, finish_page);
    json_object_set_new(c->parts, "names", names);
    for (size_t i = 0; i < reply->elements; i++) {
        const char *colon = strchr(reply->element[i]->str, ':');
        if (!colon)
            continue;
        json_array_append_new(names, json_string(colon + 1));
        store_entity(c->gateway, c->who.bucket, c->listing->kind, colon + 1, on_part, part_expected(c, "", colon + 1));
    }
    if (reply->elements == c->limit)
        json_object_set_new(c->parts, "next", json_string(reply->element[reply->elements - 1]->str));
    parts_done(c);
}

void list_page(struct call *c, const struct listing *l, const char *owner)
{
    const char *cursor;
    if (!read_page(c, &cursor))
        return;
    c->listing = l;
    store_index_page(c->gateway, c->who.bucket, l->index, owner, cursor, c->limit, on_index, c);
}
