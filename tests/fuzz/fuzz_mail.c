/* The invitation's mail with hostile names: it stays one well-formed message to one address. */
#include "fuzz.h"

#include "invitations/compose.h"

static char *next_text(const uint8_t **data, size_t *size)
{
    const uint8_t *part;
    size_t n = take_part(data, size, &part);
    return copy_text(part, n);
}

static void check_head(const char *message)
{
    const char *end = strstr(message, "\r\n\r\n");
    size_t to = 0;
    HOLDS(end);
    for (const char *line = message, *next; line < end; line = next + 2) {
        next = strstr(line, "\r\n");
        HOLDS(next && next - line < 998);
        HOLDS(line[0] == ' ' || memchr(line, ':', (size_t)(next - line)));
        to += strncmp(line, "To: ", 4) == 0;
        HOLDS(strncmp(line, "Bcc:", 4) != 0);
    }
    HOLDS(to == 1);
    for (const char *c = message; *c; c++)
        HOLDS((*c != '\n' || c[-1] == '\r') && (*c != '\r' || c[1] == '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how = take_byte(&data, &size);
    char *texts[5];
    for (int i = 0; i < 5; i++)
        texts[i] = next_text(&data, &size);
    struct invitation_mail m = {.from = how & 0x80 ? texts[4] : "B <b@example.com>",
                                .to = "kim@example.com",
                                .customer_name = texts[0],
                                .technician = texts[1],
                                .company = texts[2],
                                .contact = texts[3],
                                .link = "https://h/i/x#y",
                                .typed_token = "y",
                                .message_id = "x@h",
                                .now_ms = 1750000000000,
                                .expires_ms = 1750000000000,
                                .language = (enum language)(how % LANGUAGE_COUNT)};
    char *message = compose_invitation(&m);
    HOLDS(message);
    check_head(message);
    free(message);
    for (int i = 0; i < 5; i++)
        free(texts[i]);
    return 0;
}
