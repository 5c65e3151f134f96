/* What is kept of a message that cannot be handled: where it came from, why, and what it said, so that an operator can mend
 * and send it again. Pure. */
#ifndef BEISTAND_DEAD_LETTER_H
#define BEISTAND_DEAD_LETTER_H

#include "kafka.h"

enum { DEAD_LETTER_VALUE_MAX = 65536, DEAD_LETTER_ID_SIZE = 112 };

/* JSON {why, by, topic, partition, offset, size, value or value_base64url}: the value's first DEAD_LETTER_VALUE_MAX bytes, as
 * text when they are UTF-8 without NULs. by: the service. malloc'ed; NULL when out of memory. */
char *dead_letter(const struct kafka_message *m, const char *by, const char *why);
/* Its event id: the same for the same message. */
const char *dead_letter_id(char out[DEAD_LETTER_ID_SIZE], const struct kafka_message *m);

#endif
