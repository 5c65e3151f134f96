/* The session's report as CSV (RFC 4180, with the mark that tells spreadsheets it is UTF-8). A cell that a spreadsheet
 * would take for a formula gets an apostrophe: names and addresses in it were chosen by others. */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

static void put_cell(struct text *t, const char *value, bool last)
{
    text_puts(t, "\"");
    if (*value && strchr("=+-@\t\r", *value))
        text_puts(t, "'");
    for (; *value; value++) {
        if (*value == '"')
            text_puts(t, "\"");
        text_put(t, value, 1);
    }
    text_puts(t, last ? "\"\r\n" : "\",");
}

static void put_row(struct text *t, const json_t *record)
{
    const json_t *actor = json_object_get(record, "actor");
    char seq[24] = "";
    char *details = json_canonical(json_object_get(record, "details"));
    char *number = json_compact(json_object_get(record, "seq"));
    strncpy(seq, number ? number : "", sizeof seq - 1);
    put_cell(t, seq, false);
    put_cell(t, json_text(record, "time", ""), false);
    put_cell(t, json_text(record, "type", ""), false);
    put_cell(t, json_text(actor, "type", ""), false);
    put_cell(t, json_text(actor, "id", ""), false);
    put_cell(t, json_text(actor, "name", ""), false);
    put_cell(t, json_text(actor, "address", ""), false);
    put_cell(t, json_text(record, "reason", ""), false);
    put_cell(t, details ? details : "", true);
    free(number);
    free(details);
}

char *report_csv(const json_t *report)
{
    static const char head[] = "\xEF\xBB\xBF"
                               "seq,time,type,actor_type,actor_id,actor_name,address,reason,details\r\n";
    struct text t = {.max = REPORT_BYTES_MAX};
    const json_t *records = json_object_get(report, "records");
    text_puts(&t, head);
    for (size_t i = 0; i < json_array_size(records); i++)
        put_row(&t, json_array_get(records, i));
    return text_take(&t);
}
