/* Times as people and programs outside read them (RFC 3339): UTC with milliseconds. */
#ifndef BEISTAND_RFC3339_H
#define BEISTAND_RFC3339_H

#include <stdint.h>

enum { RFC3339_SIZE = 32 };

#define RFC3339_LAST_MS INT64_C(253402300799999) /* of the year 9999 */

/* ms: since the epoch; what is before it or after the year 9999 becomes that. Returns out. */
const char *rfc3339(char out[RFC3339_SIZE], int64_t ms);

#endif
