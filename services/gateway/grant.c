/* What a technician may do on a PC: the company's plan and modules (proto/plans.json) and the technician's permission
 * (S-23, S-24). The program at the PC checks the same, from claims that are made here and signed. */
#include "gateway.h"

#include "generated/plans.h"

#include <string.h>

static const char *const features[] = {"remote", "chat", "files", "dashboard"};

bool grant_known(const char *feature)
{
    for (size_t i = 0; feature && i < sizeof features / sizeof *features; i++)
        if (strcmp(features[i], feature) == 0)
            return true;
    return false;
}

const char *grant_refuses(const struct principal *p, const char *feature)
{
    const struct plan *plan = plan_find(json_text(p->firm, "plan", ""));
    if (!plan_allows_with(plan, json_text(p->firm, "modules", ""), feature))
        return "plan_excludes_feature";
    if (strcmp(feature, "files") == 0 && !has_permission(p, "full_remote_control"))
        return "permission_missing";
    return NULL;
}

json_t *grant_claims(const struct principal *p)
{
    json_t *allowed = json_array(), *withheld = json_array();
    bool full = has_permission(p, "full_remote_control");
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const char *reason = grant_refuses(p, features[i]);
        if (!reason)
            json_array_append_new(allowed, json_string(features[i]));
        else if (strcmp(reason, "permission_missing") == 0)
            json_array_append_new(withheld, json_string(features[i]));
    }
    return json_pack("{so so sb sb}", "features", allowed, "withheld", withheld, "view_only", !full,
                     "dashboard_read_only", !full);
}
