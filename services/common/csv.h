/* Comma separated values (RFC 4180) from memory, record by record: quoted fields, doubled quotes, CRLF or LF. Stricter
 * than most readers: what is not exactly that is an error with its line, never a guess. */
#ifndef BEISTAND_CSV_H
#define BEISTAND_CSV_H

#include <stddef.h>

enum { CSV_FIELDS_MAX = 16 };

enum csv_result { CSV_RECORD, CSV_END, CSV_BAD };

struct csv {
    char *at, *end;
    unsigned next_line;
    /* The record read last: */
    unsigned line; /* where it began, from 1 */
    char *fields[CSV_FIELDS_MAX]; /* NUL-terminated, within the text */
    size_t n;
    const char *error; /* after CSV_BAD */
};

/* text has n bytes and a NUL after them; it is changed while it is read and must outlive c. A byte order mark is passed
 * over. */
void csv_init(struct csv *c, char *text, size_t n);
/* Empty lines are passed over. After CSV_BAD nothing more can be read. */
enum csv_result csv_read(struct csv *c);

#endif
