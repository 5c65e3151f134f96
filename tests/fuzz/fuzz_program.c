/* The whole program under a hostile relay, server or technician: control messages, HTTP answers, a data socket's
 * messages before the keys and its channels after them. It never makes an account, removes nothing that it was not told
 * to, and stays in a state of its table. */
#include "fuzz.h"

#include "tests/unit/fake_net.h"
#include "tests/unit/fake_pc.h"
#include "tests/unit/scripted_random.h"

static const char technician[] = "0wr8q7qb0djvhb292rb1ss2tec";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scripted_random_start();
    return 0;
}

static void relay_says(struct fake_pc *pc, const uint8_t *data, size_t size)
{
    fake_pc_activate(pc);
    int control = fake_pc_upgrade(pc, "/relay/control/");
    HOLDS(control >= 0);
    while (size > 0) {
        const uint8_t *part;
        size_t n = take_part(&data, &size, &part);
        fake_pc_control(pc, control, part, n);
    }
    HOLDS(program_state(pc->program) == PROGRAM_ACTIVE && pc->removals == 0);
}

static void server_says(struct fake_pc *pc, const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 403, 409, 500};
    while (size > 0 && fake_net_count() < FAKE_CONNECTIONS / 2 && program_state(pc->program) < PROGRAM_OVER) {
        const uint8_t *part;
        uint8_t how = take_byte(&data, &size);
        size_t n = take_part(&data, &size, &part);
        if (!*fake_pc_request(pc)) {
            fake_net_advance(31000);
            continue;
        }
        char *json = copy_text(part, n < 3000 ? n : 3000);
        fake_pc_answer(pc, statuses[how & 3], json);
        free(json);
        if (program_state(pc->program) == PROGRAM_CODE)
            program_code(pc->program, FAKE_PREFIX FAKE_DIGITS);
    }
}

static void technician_says(struct fake_pc *pc, const uint8_t *data, size_t size)
{
    static struct fake_viewer v;
    memset(&v, 0, sizeof v);
    fake_pc_activate(pc);
    fake_pc_upgrade(pc, "/relay/control/");
    fake_viewer_connect(&v, pc, MODE_PAIR, FAKE_DIGITS, technician);
    HOLDS(v.open);
    while (size > 0 && !fake_net_closed(fake_net_at((size_t)v.connection))) {
        const uint8_t *part;
        enum mux_channel channel = (enum mux_channel)(take_byte(&data, &size) % MUX_CHANNELS);
        size_t n = take_part(&data, &size, &part);
        fake_viewer_send(&v, channel, part, n < MUX_WINDOW ? n : MUX_WINDOW);
    }
    fake_viewer_free(&v);
}

static void stranger_says(struct fake_pc *pc, const uint8_t *data, size_t size)
{
    static struct fake_viewer v;
    memset(&v, 0, sizeof v);
    fake_pc_activate(pc);
    fake_pc_upgrade(pc, "/relay/control/");
    fake_viewer_connect(&v, pc, MODE_PAIR, "57200017", technician); /* leaves a refused socket; the next is ours */
    fake_viewer_free(&v);
    char offer[8192], path[] = "/relay/c/";
    fake_pc_offer(pc, offer, sizeof offer, "0wr8q7qb0djvhb292rb1ss2c0n", technician, "pair", clock_wall_ms() + 60000);
    fake_pc_control(pc, (int)pc->answered - 2, offer, strlen(offer));
    int data_socket = fake_pc_upgrade(pc, path);
    while (size > 0 && data_socket >= 0 && !fake_net_closed(fake_net_at((size_t)data_socket))) {
        const uint8_t *part;
        size_t n = take_part(&data, &size, &part);
        fake_net_feed(fake_net_at((size_t)data_socket), part, n, 0);
        fake_pc_step(pc);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const sayings[])(struct fake_pc *, const uint8_t *, size_t) = {relay_says, server_says,
                                                                                 technician_says, stranger_says};
    static struct fake_pc pc;
    uint8_t how = take_byte(&data, &size);
    if (size > 20000)
        return 0;
    fake_pc_start(&pc);
    pc.account_fails = "account_failed"; /* nothing here is worth half a second of PBKDF2 */
    sayings[how & 3](&pc, data, size);
    fake_pc_free(&pc);
    return 0;
}
