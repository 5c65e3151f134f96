/* Both roles of the handshake in every mode, and the record reader, with fixed randomness: messages as parts. */
#include "fuzz.h"

#include "agent/core/handshake.h"
#include "agent/core/record.h"
#include "tests/unit/scripted_random.h"

static int judgements;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scripted_random_start();
    return 0;
}

static const char *begin(void *user, enum handshake_mode mode, const uint8_t *resume_id, struct handshake_secret *out,
                         uint32_t *retry_ms)
{
    (void)user;
    HOLDS(mode >= MODE_PAIR && mode <= MODE_RESUME && (resume_id != NULL) == (mode == MODE_RESUME));
    if (resume_id && resume_id[0] == 'x') {
        *retry_ms = 7;
        return "ticket_invalid";
    }
    out->prs_size = mode == MODE_PAIR ? 8 : KEY_BYTES;
    memset(out->prs, '1', out->prs_size);
    out->iterations = ITERATIONS_MIN;
    return NULL;
}

static bool count_try(void *user, enum handshake_mode mode)
{
    (void)user, (void)mode;
    return true;
}

static uint32_t judged(void *user, enum handshake_mode mode, bool right)
{
    (void)user, (void)mode;
    HOLDS(!right); /* nobody guesses it */
    judgements++;
    return 1000;
}

static int stretch(void *user, const uint8_t salt[SALT_BYTES], uint32_t iterations, uint8_t out[KEY_BYTES])
{
    (void)user, (void)salt;
    HOLDS(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX);
    memset(out, 1, KEY_BYTES);
    return 0;
}

static void open_records(const uint8_t *data, size_t size)
{
    static const uint8_t key[KEY_BYTES];
    static uint8_t out[RECORD_PLAIN_MAX];
    struct record_side side;
    HOLDS(record_init(&side, key) == 0);
    while (size > 0) {
        const uint8_t *part;
        size_t n = take_part(&data, &size, &part);
        uint8_t *copy = copy_bytes(part, n);
        HOLDS(record_open(&side, copy, n, out) <= (int)sizeof out);
        free(copy);
    }
    record_cleanup(&side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t psk[KEY_BYTES], id[RESUME_ID_BYTES];
    static struct handshake h;
    struct handshake_keys keys;
    struct handshake_hooks program = {NULL, begin, count_try, judged};
    struct handshake_viewer_hooks viewer = {NULL, stretch, NULL};
    uint8_t how = take_byte(&data, &size);
    if (how % 5 == 4) {
        open_records(data, size);
        return 0;
    }
    if (how % 5 == 0)
        handshake_program(&h, "session", "conn", "claims", &program);
    else
        handshake_viewer(&h, (enum handshake_mode)(how % 5), "session", "conn", "claims", "12345670", psk, id, &viewer);
    enum handshake_result result = HANDSHAKE_MORE;
    while (size > 0 && result == HANDSHAKE_MORE) {
        const uint8_t *part;
        size_t n = take_part(&data, &size, &part);
        uint8_t *copy = copy_bytes(part, n);
        result = handshake_receive(&h, copy, n, &keys);
        free(copy);
        HOLDS(h.out_size <= HANDSHAKE_MESSAGE_MAX && strlen(h.reason) <= REASON_MAX);
    }
    HOLDS(result != HANDSHAKE_DONE);
    handshake_cleanup(&h);
    return 0;
}
