/* See rebuild.h. The topic is compacted by id, but may still have older states: the highest version of each entity counts. */
#include "rebuild.h"

#include "common/json.h"
#include "common/random.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 192, PLACE_MAX = 96, EMAIL_MAX = 256 };

bool directory_event(struct rebuild *r, const char *id, const char *text, size_t size)
{
    (void)id;
    char error[128];
    json_t *event = json_read(text, size, error);
    const char *entity = event ? json_text(event, "id", "") : "";
    r->n.events++;
    if (bucket_of_id(entity) < 0) {
        r->n.unreadable++;
    } else {
        const json_t *known = json_object_get(r->entities, entity);
        if (!known || json_number(known, "version", 0) <= json_number(event, "version", 0))
            json_object_set(r->entities, entity, event);
    }
    json_decref(event);
    return true;
}

/* The sealed state {kind, id, name, company, fields}; NULL when there is none or no key opens it. Owned by the caller. */
static json_t *open_state(const struct rebuild *r, const json_t *event)
{
    char place[PLACE_MAX], error[128];
    const char *sealed = json_text(event, "sealed", NULL);
    snprintf(place, sizeof place, "directory:%.32s:%.32s", json_text(event, "kind", ""), json_text(event, "id", ""));
    char *plain = sealed ? seal_open(r->seal_keys, place, sealed) : NULL;
    json_t *state = plain ? json_read(plain, strlen(plain), error) : NULL;
    if (plain)
        memset(plain, 0, strlen(plain));
    free(plain);
    return state;
}

static const char *entity_key(char out[KEY_MAX], const json_t *event, const char *name)
{
    snprintf(out, KEY_MAX, "{s%02d}:%s:%s", bucket_of_id(json_text(event, "company", "")), json_text(event, "kind", ""), name);
    return out;
}

static bool fold_state(struct rebuild *r, const json_t *event, const char *name, const json_t *fields)
{
    char key[KEY_MAX];
    json_t *what = json_pack("{sO sO sO ss sO sO*}", "kind", json_object_get(event, "kind"), "id", json_object_get(event, "id"),
                             "company", json_object_get(event, "company"), "name", name, "version",
                             json_object_get(event, "version"), "fields", fields);
    char *text = what ? json_dumps(what, JSON_COMPACT) : NULL;
    const char *argv[] = {text};
    bool good = text ? store_fold(r, FOLD_DIRECTORY, entity_key(key, event, name), 1, argv, &r->n.directory)
                     : rebuild_failed(r, "an event of the directory lacks a member");
    free(text);
    json_decref(what);
    return good;
}

/* A key's name is the digest of its secret: only Redis knows it by the id. */
static bool fold_removal(struct rebuild *r, const json_t *event)
{
    char digest[65];
    const char *id = json_text(event, "id", "");
    if (strcmp(json_text(event, "kind", ""), "key") != 0)
        return fold_state(r, event, id, NULL);
    return !store_key_name(r, id, digest) || fold_state(r, event, digest, NULL);
}

/* The address signs in whoever has it now; a claim of somebody who is gone is given up by the gateway (login.lua). */
static bool fold_login(struct rebuild *r, const json_t *event, const json_t *fields)
{
    char lower[EMAIL_MAX], digest[65], value[2 * ID_SIZE + 2], key[KEY_MAX];
    const char *email = json_text(fields, "email", "");
    size_t n = 0;
    for (; email[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)tolower((unsigned char)email[n]);
    if (n == 0)
        return true;
    sha256_hex(digest, lower, n);
    snprintf(value, sizeof value, "%.26s:%.26s", json_text(event, "id", ""), json_text(event, "company", ""));
    snprintf(key, sizeof key, "{s%02d}:login:%s", bucket_of_digest(digest), digest);
    const char *argv[] = {"claim", value, ""};
    return store_fold(r, FOLD_LOGIN, key, 3, argv, NULL);
}

static bool fold_entity(struct rebuild *r, const json_t *event)
{
    char key[KEY_MAX];
    if (strcmp(json_text(event, "verb", ""), "remove") == 0)
        return fold_removal(r, event);
    json_t *state = open_state(r, event);
    if (!state) {
        /* Made by a CLI without the directory's key, or sealed with a key that is gone: no loss while Redis has it. */
        r->n.sealed_lost += !store_exists(r, entity_key(key, event, json_text(event, "id", "")));
        return true;
    }
    const json_t *fields = json_object_get(state, "fields");
    bool good = fold_state(r, event, json_text(state, "name", ""), fields);
    if (good && strcmp(json_text(event, "kind", ""), "technician") == 0)
        good = fold_login(r, event, fields);
    json_decref(state);
    return good;
}

/* Keys come last: one whose person was removed has no event of its own. */
bool directory_fold(struct rebuild *r)
{
    static const char *const order[] = {"company", "technician", "webhook", "key"};
    const char *id;
    json_t *event;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        json_object_foreach(r->entities, id, event)
            if (strcmp(json_text(event, "kind", ""), order[i]) == 0 && !fold_entity(r, event))
                return false;
    return store_flush(r);
}
