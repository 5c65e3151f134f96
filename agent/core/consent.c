/* The customer's consent, once per function (S-45): asked at its first use, kept for the session, taken back at any time.
 * No answer is no. */
#include "program_internal.h"

#include <stdio.h>
#include <string.h>

bool consent_given(const struct program *p, const char *feature)
{
    char item[40];
    snprintf(item, sizeof item, ",%.32s,", feature);
    return !p->seams.ask_consent || strstr(p->saved.consents, item) != NULL;
}

static bool asked_already(const struct program *p, const char *feature)
{
    for (int i = 0; i < PROGRAM_VIEWERS; i++)
        if (p->viewers[i].used && strcmp(p->viewers[i].asked, feature) == 0)
            return true;
    return false;
}

void consent_ask(struct viewer *v, const char *feature)
{
    struct program *p = v->program;
    char line[96];
    bool already = asked_already(p, feature);
    snprintf(v->asked, sizeof v->asked, "%s", feature);
    v->asked_until = clock_monotonic_ms() + CONSENT_MS;
    snprintf(line, sizeof line, "{\"type\":\"asking\",\"feature\":\"%s\"}", v->asked);
    viewer_send(v, line);
    if (!already)
        p->seams.ask_consent(p->seams.user, v->asked, v->offer.technician_name, v->offer.company_name);
}

static void answer(struct viewer *v, bool granted)
{
    char feature[sizeof v->asked];
    memcpy(feature, v->asked, sizeof feature);
    v->asked[0] = '\0';
    if (granted)
        viewer_start(v, feature);
    else
        viewer_refuse(v, "consent_refused", "");
}

static void keep(struct program *p, const char *feature)
{
    size_t n = strlen(p->saved.consents);
    if (!consent_given(p, feature) && n + strlen(feature) + 3 < sizeof p->saved.consents)
        snprintf(p->saved.consents + n, sizeof p->saved.consents - n, "%s%s,", n ? "" : ",", feature);
}

static void take_back(struct program *p, const char *feature)
{
    char item[40];
    snprintf(item, sizeof item, ",%.32s,", feature);
    char *at = strstr(p->saved.consents, item);
    if (at)
        memmove(at + 1, at + strlen(item), strlen(at + strlen(item)) + 1);
}

void program_consent(struct program *p, const char *feature, bool granted)
{
    if (granted)
        keep(p, feature);
    else
        take_back(p, feature);
    program_save(p);
    for (int i = 0; i < PROGRAM_VIEWERS; i++) {
        struct viewer *v = &p->viewers[i];
        bool uses = v->used && v->rfb && strcmp(feature, "remote") == 0;
        if (v->used && strcmp(v->asked, feature) == 0) {
            answer(v, granted);
        } else if (uses && !granted) {
            viewer_refuse(v, "consent_refused", "");
            v->left = v->drop = true;
        }
    }
}

void consents_step(struct program *p, int64_t now)
{
    for (int i = 0; i < PROGRAM_VIEWERS; i++)
        if (p->viewers[i].used && p->viewers[i].asked[0] && now > p->viewers[i].asked_until)
            answer(&p->viewers[i], false);
}
