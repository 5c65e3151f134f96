/* See crockford.h. */
#include "crockford.h"

#include <stdbool.h>
#include <string.h>

enum { CHECK_MODULUS = 1021, FIND_MAX = 1024 };

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t crockford_size(size_t n)
{
    return (n * 8 + 4) / 5;
}

void crockford_encode(char *out, const uint8_t *data, size_t n)
{
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | data[i];
        have += 8;
        while (have >= 5) {
            have -= 5;
            *out++ = alphabet[bits >> have & 31];
        }
    }
    if (have > 0)
        *out++ = alphabet[bits << (5 - have) & 31];
    *out = '\0';
}

static int digit_value(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* text has exactly crockford_size(n) characters; the caller made sure of it. */
static int decode_characters(uint8_t *out, size_t n, const char *text)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t used = 0;
    for (size_t i = 0; i < crockford_size(n); i++) {
        int value = digit_value(text[i]);
        if (value < 0)
            return -1;
        bits = bits << 5 | (uint32_t)value;
        have += 5;
        if (have >= 8) {
            have -= 8;
            out[used++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    return bits == 0 && used == n ? 0 : -1;
}

int crockford_decode(uint8_t *out, size_t n, const char *text)
{
    if (n > CROCKFORD_MAX || strlen(text) != crockford_size(n))
        return -1;
    return decode_characters(out, n, text);
}

static unsigned check_value(const uint8_t token[LINK_TOKEN_BYTES])
{
    unsigned rest = 0;
    for (size_t i = 0; i < LINK_TOKEN_BYTES; i++)
        rest = (rest << 8 | token[i]) % CHECK_MODULUS;
    return rest;
}

void link_token_encode(char out[LINK_TOKEN_TEXT + 1], const uint8_t token[LINK_TOKEN_BYTES])
{
    unsigned check = check_value(token);
    crockford_encode(out, token, LINK_TOKEN_BYTES);
    out[16] = alphabet[check >> 5];
    out[17] = alphabet[check & 31];
    out[18] = '\0';
    for (char *c = out; *c; c++)
        *c = upper(*c);
}

/* Collects the next LINK_TOKEN_TEXT characters from *at over dashes and spaces, lower case. */
static int collect(const char **at, char out[LINK_TOKEN_TEXT + 1])
{
    size_t n = 0;
    const char *c = *at;
    for (; *c && n < LINK_TOKEN_TEXT; c++) {
        if (*c == '-' || *c == ' ')
            continue;
        char one = lower(*c);
        one = one == 'o' ? '0' : one == 'i' || one == 'l' ? '1' : one;
        if (digit_value(one) < 0)
            return -1;
        out[n++] = one;
    }
    out[n] = '\0';
    *at = c;
    return n == LINK_TOKEN_TEXT ? 0 : -1;
}

/* text: LINK_TOKEN_TEXT lower-case characters; becomes the canonical upper-case form. */
static int verify(char text[LINK_TOKEN_TEXT + 1])
{
    uint8_t token[LINK_TOKEN_BYTES];
    unsigned check = (unsigned)digit_value(text[16]) << 5 | (unsigned)digit_value(text[17]);
    if (decode_characters(token, sizeof token, text) != 0 || token[0] > 63 || check_value(token) != check)
        return -1;
    for (char *c = text; *c; c++)
        *c = upper(*c);
    return token[0];
}

int link_token_read(const char *typed, char out[LINK_TOKEN_TEXT + 1])
{
    const char *at = typed;
    if (collect(&at, out) != 0)
        return -1;
    while (*at == ' ' || *at == '-')
        at++;
    return *at ? -1 : verify(out);
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* alone: nothing else is written directly before or after it. */
static int find(const char *text, size_t size, bool alone, char out[LINK_TOKEN_TEXT + 1])
{
    for (size_t i = 0; i < size; i++) {
        const char *at = text + i;
        if (alone && i > 0 && is_letter_or_digit(text[i - 1]))
            continue;
        int bucket = collect(&at, out) == 0 && !(alone && is_letter_or_digit(*at)) ? verify(out) : -1;
        if (bucket >= 0)
            return bucket;
    }
    return -1;
}

/* One look in a thousand at a wrong place finds a token too ("ort-" of "Support-" and its first characters, or a
 * session's id before the one in a link), so first the places where it stands alone. */
int link_token_find(const char *text, char out[LINK_TOKEN_TEXT + 1])
{
    size_t size = strnlen(text, FIND_MAX);
    int bucket = find(text, size, true, out);
    return bucket >= 0 ? bucket : find(text, size, false, out);
}
