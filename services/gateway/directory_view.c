/* From the directory's hashes (strings) to the API's objects. No secret has a way through here. */
#include "directory.h"

#include <stdlib.h>
#include <string.h>

json_t *list_view(const char *text)
{
    json_t *list = json_array();
    while (*text) {
        size_t n = strcspn(text, ",");
        if (n > 0)
            json_array_append_new(list, json_stringn(text, n));
        text += n + (text[n] == ',');
    }
    return list;
}

char *list_text(const json_t *array)
{
    size_t size = 1, n = json_array_size(array), used = 0;
    for (size_t i = 0; i < n; i++) {
        const char *item = json_string_value(json_array_get(array, i));
        if (!item || !*item || strchr(item, ','))
            return NULL;
        size += strlen(item) + 1;
    }
    char *text = json_is_array(array) ? calloc(1, size) : NULL;
    for (size_t i = 0; text && i < n; i++) {
        const char *item = json_string_value(json_array_get(array, i));
        if (i > 0)
            text[used++] = ',';
        memcpy(text + used, item, strlen(item));
        used += strlen(item);
    }
    return text;
}

static bool flag(const json_t *record, const char *name)
{
    return strcmp(json_text(record, name, "0"), "1") == 0;
}

static int number(const json_t *record, const char *name, const char *fallback)
{
    return (int)strtol(json_text(record, name, fallback), NULL, 10);
}

static json_t *oidc_view(const json_t *record)
{
    const char *issuer = json_text(record, "oidc_issuer", "");
    if (!*issuer)
        return json_null();
    return json_pack("{ss ss sb}", "issuer", issuer, "client_id", json_text(record, "oidc_client_id", ""),
                     "client_secret_set", *json_text(record, "oidc_secret", "") != '\0');
}

json_t *company_view(const struct call *c, const char *id, const json_t *record)
{
    json_t *view = json_pack("{ss ss ss ss so si s{si si} sb so si}", "id", id, "name", json_text(record, "name", ""),
                             "contact", json_text(record, "contact", ""), "plan", json_text(record, "plan", ""), "modules",
                             list_view(json_text(record, "modules", "")), "seats", number(record, "seats", "0"), "limits", "technician",
                             number(record, "limit_technician", "1"), "company", number(record, "limit_company", "5"),
                             "suspended", flag(record, "suspended"), "created_at",
                             time_view(json_text(record, "created_at", "")), "version", number(record, "version", "0"));
    if (c->who.administrator || c->who.is_operator)
        json_object_set_new(view, "oidc", oidc_view(record));
    return view;
}

json_t *technician_view(const char *id, const json_t *record)
{
    return json_pack("{ss ss ss ss so sb sb sb so si}", "id", id, "name", json_text(record, "name", ""), "email",
                     json_text(record, "email", ""), "role", json_text(record, "role", "technician"), "permissions",
                     list_view(json_text(record, "permissions", "")), "disabled", flag(record, "disabled"),
                     "second_factor", *json_text(record, "totp", "") != '\0', "password_set",
                     *json_text(record, "password", "") != '\0', "created_at",
                     time_view(json_text(record, "created_at", "")), "version", number(record, "version", "0"));
}

json_t *key_view(const json_t *record)
{
    return json_pack("{ss ss ss so so so}", "id", json_text(record, "id", ""), "name", json_text(record, "name", ""),
                     "technician", json_text(record, "technician", ""), "scopes",
                     list_view(json_text(record, "scopes", "all")), "created_at",
                     time_view(json_text(record, "created_at", "")), "expires_at",
                     time_view(json_text(record, "expires_at", "")));
}
