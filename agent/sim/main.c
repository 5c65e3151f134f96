/* simpc: the program's core on Linux with a synthetic screen. It plays a customer for tests, load and the demo, and
 * prints each state as one JSON line. Commands on stdin: `code DIGITS`, `digits DIGITS`, `say TEXT`, `move`, `still`,
 * `digest` (of the newest viewer's screen stream), `end`. */
#include "agent/core/program.h"
#include "agent/core/json.h"
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
    const char *config, *link, *code, *state_dir, *name, *say, *fail;
    unsigned width, height;
    bool moving;
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

static void on_state(void *user, enum program_state state, const char *reason)
{
    (void)user;
    char text[256];
    struct json_out o;
    json_out_init(&o, text, sizeof text);
    json_open(&o, NULL);
    json_put_text(&o, "event", "state");
    json_put_text(&o, "state", program_state_name(state));
    json_put_text(&o, "reason", reason);
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
    const struct sim *s = user;
    bool failed = s->fail && strcmp(s->fail, "not_administrator") == 0;
    snprintf(checks, size,
             "{\"started\":\"ok\",\"administrator\":\"%s\",\"windows_version\":\"ok\",\"no_host\":\"ok\","
             "\"no_session\":\"ok\",\"network\":\"ok\"}",
             failed ? "failed" : "ok");
    return failed ? "not_administrator" : NULL;
}

static bool install(void *user)
{
    (void)user;
    print_event("installed", NULL, NULL, -1);
    return true;
}

/* --fail password_refused_by_policy: a policy of twelve characters. */
static const char *make_account(void *user, const char *password)
{
    const struct sim *s = user;
    if (s->fail && strcmp(s->fail, "password_refused_by_policy") == 0 && strlen(password) < 12)
        return "password_refused_by_policy";
    print_event("account_made", NULL, NULL, -1);
    return NULL;
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
    (void)user, (void)out;
    return false;
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
    else if (strcmp(line, "move") == 0 || strcmp(line, "still") == 0)
        s->moving = line[0] == 'm';
    else if (strcmp(line, "digest") == 0)
        print_digest(s);
    else if (strcmp(line, "end") == 0)
        program_end(s->program);
    else
        ok = false;
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
          "             [--say TEXT] [--moving] [--fail REASON]\n",
          stderr);
    return 2;
}

static bool parse_arguments(struct sim *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--moving") == 0) {
            s->moving = true;
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
                                                                 : NULL;
        if (value && strcmp(name, "--screen") == 0) {
            if (sscanf(value, "%ux%u", &s->width, &s->height) != 2 || s->width > 8192 || s->height > 8192 ||
                s->width == 0 || s->height == 0)
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
    struct program_seams seams = {s, save, load, forget, on_state, ask_code, ask_digits, on_viewers, preflight, install,
                                  make_account, remove_all, machine, grab, cursor, on_key, on_pointer, screen_wanted};
    static struct program_config config;
    char token[LINK_TOKEN_TEXT + 1];
    char *json = read_file(s->config);
    if (!json || program_config_read(&config, json) != 0 || crypto_start() != 0 || net_start(config.ca_pem) != 0) {
        fprintf(stderr, "simpc: %s is no usable configuration\n", s->config);
        return 2;
    }
    free(json);
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
