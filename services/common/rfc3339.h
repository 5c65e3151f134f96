/* Times as people and programs outside read them (RFC 3339): UTC with milliseconds. */
#ifndef BEISTAND_RFC3339_H
#define BEISTAND_RFC3339_H

#include <stdint.h>

enum { RFC3339_SIZE = 32 };

/* ms: since the epoch, up to the year 9999. Returns out. */
const char *rfc3339(char out[RFC3339_SIZE], int64_t ms);

#endif
