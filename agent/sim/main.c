/* simpc: the program's core on Linux with a synthetic screen. It plays a customer for tests, load and the demo, and
 * prints each state as one JSON line. Commands on stdin: `code DIGITS`, `digits DIGITS`, `say TEXT`, `move`, `still`,
 * `digest` (of the newest viewer's screen stream), `end`, `consent FEATURE yes|no`; `photo`, `scroll`, `size WxH` and `sum` are the
 * screen's; `reboot` and `shutdown` end the process as the system would. */
#include "agent/core/program.h"
#include "agent/core/json.h"
#include "generated/texts_program.h"
#include "proto/c/crockford.h"
#include "screen.h"
#include "stream_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, PATH_BYTES = 4096 };

struct sim {
    const char *config, *link, *code, *state_dir, *name, *say, *fail, *language;
    unsigned width, height;
    bool moving, installed, asks, cursor_told;
    const struct origin *origin;
    unsigned typed;
    unsigned stream; /* the one that digest is of */
    struct stream_digest digest;
    struct sim_screen *screen;
    struct program *program;
    char line[LINE_MAX_BYTES];
    size_t line_size;
    bool stdin_open;
};

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static void print_event(const char *event, const char *name, const char *value, int number)
{
    char text[1024];
    struct json_out o;
    json_out_init(&o, text, sizeof text);
    json_open(&o, NULL);
    json_put_text(&o, "event", event);
    if (name)
        json_put_text(&o, name, value);
    if (number >= 0)
        json_put_integer(&o, "n", number);
    json_close(&o);
    puts(text);
    fflush(stdout);
}

/* ---- store ---- */

static void path_of(const struct sim *s, const char *name, const char *suffix, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%s/%s%s", s->state_dir, name, suffix);
}

static bool save(void *user, const char *name, const void *data, size_t n)
{
    char path[PATH_BYTES], fresh[PATH_BYTES];
    path_of(user, name, "", path);
    path_of(user, name, ".new", fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, data, n) == (ssize_t)n && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok && rename(fresh, path) == 0;
}

static int load(void *user, const char *name, void *data, size_t size)
{
    char path[PATH_BYTES];
    path_of(user, name, "", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, data, size);
    close(fd);
    return (int)n;
}

static void forget(void *user, const char *name)
{
    char path[PATH_BYTES];
    path_of(user, name, "", path);
    unlink(path);
}

/* ---- what the customer sees ---- */

static bool fails(const struct sim *s, const char *reason)
{
    return s->fail && strcmp(s->fail, reason) == 0;
}

/* What the program shows for a reason, in the language of --language. */
static void put_text(struct json_out *o, const struct sim *s, const char *reason)
{
    char words[1024], port[8];
    enum language language = language_from_tag(s->language);
    const struct reason *known = reason_find(reason);
    if (s->program && strcmp(reason, "network_blocked") == 0) {
        enum network_block block = program_blocked(s->program);
        snprintf(port, sizeof port, "%u", s->origin->port);
        const char *const values[] = {"host", s->origin->host, "port", port, "detail", program_network_error(s->program), NULL};
        text_fill(words, sizeof words,
                  text_program(block == NETWORK_PROXY            ? TEXT_PROGRAM_BLOCKED_PROXY
                               : block == NETWORK_TLS_INSPECTION ? TEXT_PROGRAM_BLOCKED_TLS
                                                                 : TEXT_PROGRAM_BLOCKED_FIREWALL, language), values);
        json_put_text(o, "blocked", network_block_name(block));
        json_put_text(o, "text", words);
    } else if (known) {
        json_put_text(o, "text", known->customer[language]);
    }
}

static void on_state(void *user, enum program_state state, const char *reason)
{
    const struct sim *s = user;
    char text[2048];
    struct json_out o;
    json_out_init(&o, text, sizeof text);
    json_open(&o, NULL);
    json_put_text(&o, "event", "state");
    json_put_text(&o, "state", program_state_name(state));
    json_put_text(&o, "reason", reason);
    put_text(&o, s, reason);
    if (s->program && strcmp(reason, "already_activated") == 0) {
        json_put_text(&o, "technician", program_technician(s->program));
        json_put_text(&o, "company", program_company(s->program));
    }
    json_close(&o);
    puts(text);
    fflush(stdout);
}

static void ask_code(void *user, const char *reason, int attempts_left, const char *technician, const char *company)
{
    struct sim *s = user;
    (void)technician;
    print_event(*reason ? reason : "ask_code", "company", company, attempts_left);
    if (s->code && !program_code(s->program, s->code))
        print_event("code_mistyped", NULL, NULL, -1);
    s->code = NULL;
}

static void ask_digits(void *user)
{
    (void)user;
    print_event("ask_digits", NULL, NULL, -1);
}

static void on_viewers(void *user, const struct program_viewer *list, size_t n)
{
    (void)user;
    print_event("viewers", "technician", n > 0 ? list[0].technician : "", (int)n);
}

/* ---- the PC ---- */

static const char *preflight(void *user, char *checks, size_t size)
{
    static const char *const reasons[][2] = {{"administrator", "not_administrator"}, {"windows_version", "windows_unsupported"},
                                             {"no_host", "host_installed"}, {"no_session", "already_activated"}};
    const struct sim *s = user;
    const char *reason = NULL;
    struct json_out o;
    json_out_init(&o, checks, size);
    json_open(&o, NULL);
    json_put_text(&o, "started", "ok");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        bool failed = fails(s, reasons[i][1]);
        json_put_text(&o, reasons[i][0], failed ? "failed" : "ok");
        reason = failed ? reasons[i][1] : reason;
    }
    json_put_text(&o, "network", "ok");
    if (s->installed)
        json_put_text(&o, "set_up", "ok");
    json_close(&o);
    return reason;
}

static bool install(void *user)
{
    struct sim *s = user;
    s->installed = !fails(s, "service_failed");
    if (s->installed)
        print_event("installed", NULL, NULL, -1);
    return s->installed;
}

/* --fail password_refused_by_policy: a policy of twelve characters. */
static const char *make_account(void *user, const char *password)
{
    const struct sim *s = user;
    if (fails(s, "password_refused_by_policy") && strlen(password) < 12)
        return "password_refused_by_policy";
    if (fails(s, "account_failed"))
        return "account_failed";
    print_event("account_made", NULL, NULL, -1);
    return NULL;
}

static void password_rule(void *user, char *text, size_t size)
{
    (void)user;
    snprintf(text, size, "min_length=12");
}

/* Consents at once, unless it is to be asked (--ask-consent) or to refuse. */
static void ask_consent(void *user, const char *feature, const char *technician, const char *company)
{
    struct sim *s = user;
    (void)technician, (void)company;
    print_event("consent_asked", "feature", feature, -1);
    if (!s->asks)
        program_consent(s->program, feature, !fails(s, "consent_refused"));
}

static void remove_all(void *user, char *left, size_t size)
{
    (void)user;
    snprintf(left, size, "[]");
    print_event("removed", NULL, NULL, -1);
}

static void machine(void *user, char *json, size_t size)
{
    const struct sim *s = user;
    struct json_out o;
    json_out_init(&o, json, size);
    json_open(&o, NULL);
    json_put_text(&o, "name", s->name);
    json_put_text(&o, "os", "Simulator");
    json_put_text(&o, "version", "10.0.19045");
    json_put_text(&o, "arch", "x64");
    json_close(&o);
}

static bool grab(void *user, struct rfb_frame *out)
{
    struct sim *s = user;
    *out = sim_screen_frame(s->screen, s->moving);
    return true;
}

static bool cursor(void *user, struct rfb_cursor *out)
{
    struct sim *s = user;
    if (s->cursor_told)
        return false;
    sim_screen_cursor(out);
    return s->cursor_told = true;
}

/* What was typed is counted, never printed. */
static void on_key(void *user, bool down, uint32_t keysym, uint32_t scancode)
{
    struct sim *s = user;
    (void)scancode;
    if (!down)
        return;
    sim_screen_type(s->screen, keysym);
    print_event("key", NULL, NULL, (int)++s->typed);
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    char at[32];
    (void)user;
    if (!buttons)
        return;
    snprintf(at, sizeof at, "%u,%u", x, y);
    print_event("pointer", "at", at, (int)buttons);
}

static void screen_wanted(void *user, bool wanted)
{
    (void)user;
    print_event("screen", NULL, NULL, wanted);
}

static void on_tap(void *user, unsigned stream, bool sent, const void *data, size_t n)
{
    struct sim *s = user;
    if (stream > s->stream) {
        s->stream = stream;
        stream_digest_start(&s->digest);
    }
    if (stream == s->stream)
        stream_digest_add(&s->digest, sent, data, n);
}

/* ---- commands ---- */

static bool consent_command(struct sim *s, char *argument)
{
    char *answer = strchr(argument, ' ');
    if (!answer)
        return false;
    *answer++ = '\0';
    program_consent(s->program, argument, strcmp(answer, "yes") == 0);
    return true;
}

static void print_sum(const struct sim *s)
{
    char sum[16];
    snprintf(sum, sizeof sum, "%08x", sim_screen_sum(s->screen));
    print_event("sum", "crc32", sum, -1);
}

static void print_digest(const struct sim *s)
{
    char text[STREAM_DIGEST_JSON];
    stream_digest_json(&s->digest, text);
    puts(text);
    fflush(stdout);
}

static void command(struct sim *s, char *line)
{
    char *argument = strchr(line, ' ');
    if (argument)
        *argument++ = '\0';
    bool ok = true;
    if (strcmp(line, "code") == 0 && argument)
        ok = program_code(s->program, argument);
    else if (strcmp(line, "digits") == 0 && argument)
        ok = program_digits(s->program, argument);
    else if (strcmp(line, "say") == 0 && argument)
        sim_screen_write(s->screen, 0, argument);
    else if (strcmp(line, "consent") == 0 && argument)
        ok = consent_command(s, argument);
    else if (strcmp(line, "move") == 0 || strcmp(line, "still") == 0)
        s->moving = line[0] == 'm';
    else if (strcmp(line, "digest") == 0)
        print_digest(s);
    else if (strcmp(line, "end") == 0)
        program_end(s->program);
    else if (strcmp(line, "reboot") == 0 || strcmp(line, "shutdown") == 0)
        stopping = 1, program_leave(s->program, line[0] == 'r' ? PROGRAM_LEAVE_REBOOT : PROGRAM_LEAVE_SHUT_DOWN);
    else if (strcmp(line, "sum") == 0)
        print_sum(s);
    else
        ok = sim_screen_command(s->screen, line, argument);
    print_event(ok ? "command_done" : "command_refused", "command", line, -1);
}

static void read_commands(struct sim *s)
{
    ssize_t n = read(0, s->line + s->line_size, sizeof s->line - 1 - s->line_size);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        s->stdin_open = false;
        return;
    }
    s->line_size += (size_t)n;
    for (;;) {
        char *end = memchr(s->line, '\n', s->line_size);
        if (!end)
            break;
        *end = '\0';
        command(s, s->line);
        s->line_size -= (size_t)(end + 1 - s->line);
        memmove(s->line, end + 1, s->line_size);
    }
    if (s->line_size == sizeof s->line - 1)
        s->line_size = 0;
}

/* ---- start ---- */

static int usage(void)
{
    fputs("usage: simpc --config FILE [--link URL] [--code DIGITS] [--state-dir DIR] [--screen WxH] [--name NAME]\n"
          "             [--say TEXT] [--moving] [--fail REASON] [--language TAG] [--ask-consent]\n",
          stderr);
    return 2;
}

static bool parse_arguments(struct sim *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--moving") == 0 || strcmp(name, "--ask-consent") == 0) {
            *(name[2] == 'm' ? &s->moving : &s->asks) = true;
            continue;
        }
        const char *value = i + 1 < argc ? argv[++i] : NULL;
        const char **target = strcmp(name, "--config") == 0      ? &s->config
                              : strcmp(name, "--link") == 0      ? &s->link
                              : strcmp(name, "--code") == 0      ? &s->code
                              : strcmp(name, "--state-dir") == 0 ? &s->state_dir
                              : strcmp(name, "--name") == 0      ? &s->name
                              : strcmp(name, "--say") == 0       ? &s->say
                              : strcmp(name, "--fail") == 0      ? &s->fail
                              : strcmp(name, "--language") == 0  ? &s->language
                                                                 : NULL;
        if (value && strcmp(name, "--screen") == 0) {
            if (sscanf(value, "%ux%u", &s->width, &s->height) != 2 || s->width > SCREEN_SIZE_MAX ||
                s->height > SCREEN_SIZE_MAX || s->width == 0 || s->height == 0)
                return false;
        } else if (value && target) {
            *target = value;
        } else {
            return false;
        }
    }
    return s->config != NULL;
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = f ? calloc(1, AGENT_JSON_MAX + 1) : NULL;
    if (text && fread(text, 1, AGENT_JSON_MAX, f) == 0)
        text[0] = '\0';
    if (f)
        fclose(f);
    return text;
}

/* A temporary one when none was given. It is what the program "installs", so it goes when the program is over. */
static bool prepare_state_dir(struct sim *s)
{
    static char own[] = "/tmp/simpc-XXXXXX";
    if (s->state_dir)
        return mkdir(s->state_dir, 0700) == 0 || errno == EEXIST;
    s->state_dir = mkdtemp(own);
    return s->state_dir != NULL;
}

static int run(struct sim *s)
{
    struct program_seams seams = {.user = s, .save = save, .load = load, .forget = forget, .state = on_state,
                                  .ask_code = ask_code, .ask_digits = ask_digits, .viewers = on_viewers,
                                  .preflight = preflight, .install = install, .make_account = make_account,
                                  .remove_all = remove_all, .machine = machine, .grab = grab, .cursor = cursor,
                                  .key = on_key, .pointer = on_pointer, .screen_wanted = screen_wanted,
                                  .ask_consent = ask_consent, .password_rule = password_rule};
    static struct program_config config;
    char token[LINK_TOKEN_TEXT + 1];
    char *json = read_file(s->config);
    if (!json || program_config_read(&config, json) != 0 || crypto_start() != 0 || net_start(config.ca_pem) != 0) {
        fprintf(stderr, "simpc: %s is no usable configuration\n", s->config);
        return 2;
    }
    free(json);
    s->origin = &config.origin;
    const char *hash = s->link ? strchr(s->link, '#') : NULL;
    if (s->link && link_token_find(hash ? hash + 1 : s->link, token) < 0) {
        print_event("link_invalid", NULL, NULL, -1);
        return 1;
    }
    s->program = program_new(&config, &seams, s->link ? token : NULL);
    if (!s->program) {
        fputs("simpc: nothing to go on with; --link is needed\n", stderr);
        return 2;
    }
    program_tap(s->program, on_tap);
    while (program_state(s->program) != PROGRAM_OVER && !stopping) {
        program_step(s->program, s->stdin_open ? 0 : -1, 500);
        if (s->stdin_open)
            read_commands(s);
    }
    if (program_state(s->program) == PROGRAM_OVER && rmdir(s->state_dir) != 0)
        fprintf(stderr, "simpc: %s is not empty\n", s->state_dir);
    program_free(s->program);
    stream_digest_free(&s->digest);
    return 0;
}

int main(int argc, char **argv)
{
    static struct sim s = {.name = "SIMPC", .width = 1280, .height = 800, .stdin_open = true};
    if (!parse_arguments(&s, argc, argv))
        return usage();
    if (!prepare_state_dir(&s)) {
        fprintf(stderr, "simpc: %s: %s\n", s.state_dir ? s.state_dir : "/tmp", strerror(errno));
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    s.screen = sim_screen_new(s.width, s.height);
    if (!s.screen)
        return 2;
    if (s.say)
        sim_screen_write(s.screen, 0, s.say);
    int status = run(&s);
    sim_screen_free(s.screen);
    return status;
}
