/* Link tokens in file names, links and what people type; base32, base64url and the check digit on any text. */
#include "fuzz.h"

#include "proto/c/b64url.h"
#include "proto/c/crockford.h"
#include "proto/c/damm.h"

static void check_token(const char *token, int bucket)
{
    uint8_t raw[LINK_TOKEN_BYTES];
    char lower[17] = "", again[LINK_TOKEN_TEXT + 1];
    HOLDS(bucket >= 0 && bucket < 64 && strlen(token) == LINK_TOKEN_TEXT);
    for (int i = 0; i < 16; i++)
        lower[i] = token[i] >= 'A' && token[i] <= 'Z' ? (char)(token[i] | 32) : token[i];
    HOLDS(crockford_decode(raw, sizeof raw, lower) == 0 && raw[0] == bucket);
    link_token_encode(again, raw);
    HOLDS(strcmp(again, token) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size), token[LINK_TOKEN_TEXT + 1], back[4096];
    uint8_t raw[2048];
    int bucket = link_token_read(text, token);
    if (bucket >= 0) {
        check_token(token, bucket);
        HOLDS(link_token_find(text, token) == bucket || strlen(text) > 1024);
    }
    bucket = link_token_find(text, token);
    if (bucket >= 0)
        check_token(token, bucket);
    int n = b64url_decode(raw, sizeof raw, text);
    if (n >= 0) {
        b64url_encode(back, raw, (size_t)n);
        HOLDS(strcmp(back, text) == 0);
    }
    for (size_t bytes = 0; bytes <= CROCKFORD_MAX; bytes++) {
        if (crockford_decode(raw, bytes, text) == 0) {
            crockford_encode(back, raw, bytes);
            HOLDS(strcmp(back, text) == 0);
        }
    }
    damm_valid(text, strlen(text));
    free(text);
    return 0;
}
