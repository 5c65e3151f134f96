/* See rfc3339.h. */
#include "rfc3339.h"

#include <stdio.h>
#include <time.h>

const char *rfc3339(char out[RFC3339_SIZE], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(out, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, RFC3339_SIZE - n, ".%03dZ", (int)(ms % 1000));
    return out;
}
