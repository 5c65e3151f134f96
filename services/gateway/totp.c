/* See totp.h. */
#include "totp.h"

#include "common/random.h"
#include "proto/c/crockford.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_MS = 30000, RECOVERY_BYTES = 10, RECOVERY_TEXT = 16 };

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void totp_code(const uint8_t key[TOTP_KEY_BYTES], uint64_t step, char out[TOTP_DIGITS + 1])
{
    uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    if (!HMAC(EVP_sha1(), key, TOTP_KEY_BYTES, counter, sizeof counter, mac, &size))
        abort();
    const uint8_t *at = mac + (mac[19] & 15); /* RFC 4226 section 5.3: dynamic truncation */
    uint32_t value = (uint32_t)(at[0] & 0x7F) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    snprintf(out, TOTP_DIGITS + 1, "%06u", (unsigned)(value % 1000000));
}

uint64_t totp_match(const uint8_t key[TOTP_KEY_BYTES], const char *code, int64_t now_ms)
{
    uint64_t now = (uint64_t)(now_ms / STEP_MS), found = 0;
    char right[TOTP_DIGITS + 1];
    if (strlen(code) != TOTP_DIGITS || now == 0)
        return 0;
    for (uint64_t step = now - 1; step <= now + 1; step++) {
        totp_code(key, step, right);
        if (CRYPTO_memcmp(right, code, TOTP_DIGITS) == 0)
            found = step;
    }
    return found;
}

void totp_key_text(const uint8_t key[TOTP_KEY_BYTES], char out[TOTP_KEY_TEXT])
{
    for (size_t i = 0; i < TOTP_KEY_TEXT - 1; i++) {
        size_t bit = 5 * i;
        unsigned two = (unsigned)key[bit / 8] << 8 | (bit / 8 + 1 < TOTP_KEY_BYTES ? key[bit / 8 + 1] : 0);
        out[i] = base32[two >> (11 - bit % 8) & 31];
    }
    out[TOTP_KEY_TEXT - 1] = '\0';
}

int totp_key_read(const char *text, uint8_t key[TOTP_KEY_BYTES])
{
    if (strlen(text) != TOTP_KEY_TEXT - 1)
        return -1;
    memset(key, 0, TOTP_KEY_BYTES);
    for (size_t i = 0; text[i]; i++) {
        const char *at = strchr(base32, text[i]);
        size_t bit = 5 * i;
        if (!at)
            return -1;
        unsigned two = (unsigned)(at - base32) << (11 - bit % 8);
        key[bit / 8] |= (uint8_t)(two >> 8);
        if (bit / 8 + 1 < TOTP_KEY_BYTES)
            key[bit / 8 + 1] |= (uint8_t)two;
    }
    return 0;
}

void recovery_new(char out[RECOVERY_SIZE])
{
    uint8_t raw[RECOVERY_BYTES];
    char text[RECOVERY_TEXT + 1];
    random_fill(raw, sizeof raw);
    crockford_encode(text, raw, sizeof raw);
    snprintf(out, RECOVERY_SIZE, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8, text + 12);
    OPENSSL_cleanse(raw, sizeof raw);
    OPENSSL_cleanse(text, sizeof text);
}

int recovery_digest(const char *typed, const char *technician, char out[65])
{
    char text[RECOVERY_TEXT + 1], whole[128];
    uint8_t raw[RECOVERY_BYTES];
    size_t n = 0;
    for (; *typed; typed++) {
        char c = (char)tolower((unsigned char)*typed);
        if (c == '-' || c == ' ')
            continue;
        if (n == RECOVERY_TEXT)
            return -1;
        text[n++] = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
    }
    text[n] = '\0';
    if (n != RECOVERY_TEXT || crockford_decode(raw, sizeof raw, text) != 0)
        return -1;
    snprintf(whole, sizeof whole, "recovery:%s:%s", technician, text);
    sha256_hex(out, whole, strlen(whole));
    OPENSSL_cleanse(whole, sizeof whole);
    return 0;
}
