/* "Firefox on Windows": what a list of sign-ins says about a browser. Pure; the order matters, since every browser
 * claims to be several others. */
#include "sign_in.h"

#include <stdio.h>
#include <string.h>

static const char *const browsers[][2] = {{"Edg/", "Edge"},         {"OPR/", "Opera"},      {"Firefox/", "Firefox"},
                                          {"SamsungBrowser/", "Samsung Internet"},          {"Chrome/", "Chrome"},
                                          {"CriOS/", "Chrome"},     {"FxiOS/", "Firefox"},  {"Safari/", "Safari"},
                                          {"curl/", "curl"},        {"python-requests/", "Python"}};
static const char *const systems[][2] = {{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iOS"},
                                         {"iPad", "iPadOS"},     {"Mac OS X", "macOS"},  {"CrOS", "ChromeOS"},
                                         {"Linux", "Linux"}};

static const char *first(const char *const (*table)[2], size_t n, const char *agent)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(agent, table[i][0]))
            return table[i][1];
    return NULL;
}

void agent_name(const char *agent, char out[AGENT_SIZE])
{
    const char *text = agent ? agent : "";
    const char *browser = first(browsers, sizeof browsers / sizeof *browsers, text);
    const char *system = first(systems, sizeof systems / sizeof *systems, text);
    snprintf(out, AGENT_SIZE, "%s%s%s", browser ? browser : system ? "" : "unknown", browser && system ? " on " : "",
             system ? system : "");
}
