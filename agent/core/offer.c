/* See offer.h. */
#include "offer.h"

#include "json.h"
#include "proto/c/b64url.h"

#include <stdio.h>
#include <string.h>

static const char label[] = "beistand offer v1"; /* its NUL is signed too */

static bool signed_by_one(const char *claims, const char *signature_text, const struct offer_keys *keys)
{
    uint8_t signature[ED25519_SIGNATURE_BYTES], message[sizeof label + OFFER_CLAIMS_MAX];
    size_t n = strlen(claims);
    if (n > OFFER_CLAIMS_MAX ||
        b64url_decode(signature, sizeof signature, signature_text) != ED25519_SIGNATURE_BYTES)
        return false;
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, claims, n);
    for (size_t i = 0; i < keys->n; i++)
        if (ed25519_verify(signature, message, sizeof label + n, keys->keys[i]))
            return true;
    return false;
}

static const char *const known[] = {"remote", "chat", "files", "dashboard"};

static void read_features(const char *text, const char *name, char out[64])
{
    snprintf(out, 64, ",");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (json_array_has(text, name, known[i]))
            snprintf(out + strlen(out), 64 - strlen(out), "%s,", known[i]);
}

static bool listed(const char list[64], const char *feature)
{
    char item[40];
    snprintf(item, sizeof item, ",%.36s,", feature);
    return strlen(feature) <= 36 && *feature && !strchr(feature, ',') && strstr(list, item) != NULL;
}

const char *offer_refuses(const struct offer *o, const char *feature)
{
    if (listed(o->features, feature))
        return NULL;
    return listed(o->withheld, feature) ? "permission_missing" : "plan_excludes_feature";
}

int offer_read(struct offer *out, const char *claims, const char *signature, const char *conn_id,
               const char *session, const struct offer_keys *keys, int64_t now_ms)
{
    char text[OFFER_CLAIMS_MAX + 1];
    int64_t version;
    memset(out, 0, sizeof *out);
    if (!signed_by_one(claims, signature, keys))
        return -1;
    int n = b64url_decode((uint8_t *)text, sizeof text - 1, claims);
    if (n < 0 || !json_valid(text, (size_t)n))
        return -1;
    text[n] = '\0';
    if (!json_get_integer(text, "v", &version) || version != 1 ||
        !json_get_text(text, "conn_id", out->conn_id, sizeof out->conn_id) ||
        !json_get_text(text, "session", out->session, sizeof out->session) ||
        !json_get_text(text, "technician", out->technician, sizeof out->technician) ||
        !json_get_text(text, "technician_name", out->technician_name, sizeof out->technician_name) ||
        !json_get_text(text, "company_name", out->company_name, sizeof out->company_name) ||
        !json_get_text(text, "mode", out->mode, sizeof out->mode) ||
        !json_get_bool(text, "view_only", &out->view_only) || !json_get_integer(text, "exp", &out->expires_ms))
        return -1;
    /* Absent means no: claims of an older server never give more. */
    out->dashboard_read_only = !json_get_bool(text, "dashboard_read_only", &out->dashboard_read_only) || out->dashboard_read_only;
    read_features(text, "features", out->features);
    read_features(text, "withheld", out->withheld);
    snprintf(out->claims, sizeof out->claims, "%s", claims);
    return strcmp(out->conn_id, conn_id) == 0 && strcmp(out->session, session) == 0 && now_ms < out->expires_ms
               ? 0
               : -1;
}
