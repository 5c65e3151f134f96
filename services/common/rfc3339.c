/* See rfc3339.h. Written without the C library, which takes half a microsecond for the calendar and the format: an answer of the
 * gateway has twenty times. */
#include "rfc3339.h"

#include <stddef.h>

static char *put_digits(char *to, unsigned value, size_t digits)
{
    for (size_t i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

/* The days are those of the proleptic Gregorian calendar, counted in eras of 400 years that begin with March. */
const char *rfc3339(char out[RFC3339_SIZE], int64_t ms)
{
    int64_t n = ms < 0 ? 0 : ms > RFC3339_LAST_MS ? RFC3339_LAST_MS : ms;
    unsigned second = (unsigned)(n / 1000 % 86400), day = (unsigned)(n / 86400000) + 719468;
    unsigned era = day / 146097, of_era = day % 146097;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100), march = (5 * of_year + 2) / 153;
    unsigned month = march < 10 ? march + 3 : march - 9;
    const struct {
        unsigned value, digits;
        char behind;
    } parts[] = {{year + era * 400 + (month <= 2), 4, '-'}, {month, 2, '-'}, {of_year - (153 * march + 2) / 5 + 1, 2, 'T'},
                 {second / 3600, 2, ':'}, {second / 60 % 60, 2, ':'}, {second % 60, 2, '.'}, {(unsigned)(n % 1000), 3, 'Z'}};
    char *to = out;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        to = put_digits(to, parts[i].value, parts[i].digits);
        *to++ = parts[i].behind;
    }
    *to = '\0';
    return out;
}
