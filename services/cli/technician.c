/* See technician.h. Answers are JSON lines on stdout, refusals JSON on stderr with the reason. */
#include "technician.h"

#include "viewer.h"

#include "agent/core/json.h"
#include "proto/c/damm.h"

#include <ctype.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 65536, SCREEN_MS = 20000, TICKET_NEVER = -2 };

struct options {
    const char *origin_text, *ca_file, *key_file, *email, *name, *language, *note, *code, *password_file, *seconds, *ticket;
    bool send_email;
    const char *arguments[4];
    int n;
    struct origin origin;
    char key[128], password[256];
};

static int complain(const char *reason, const char *detail)
{
    char text[1024];
    struct json_out o;
    json_out_init(&o, text, sizeof text);
    json_open(&o, NULL);
    json_put_text(&o, "reason", reason);
    json_put_text(&o, "detail", detail);
    json_close(&o);
    fprintf(stderr, "%s\n", text);
    return 1;
}

static bool read_file(const char *path, char *out, size_t size)
{
    FILE *f = path ? fopen(path, "re") : NULL;
    size_t n = f ? fread(out, 1, size - 1, f) : 0;
    if (f)
        fclose(f);
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
        n--;
    out[n] = '\0';
    return n > 0;
}

/* ---- the API ---- */

static bool request(const struct options *o, struct http_client *c, const char *method, const char *path,
                    const char *idempotency_key, const char *body)
{
    char bearer[160];
    snprintf(bearer, sizeof bearer, "Bearer %s", o->key);
    const struct http_header headers[] = {{"Authorization", bearer}, {"Idempotency-Key", idempotency_key}, {NULL, NULL}};
    if (http_client_start(c, &o->origin, method, path, headers, body) != 0)
        return false;
    while (!http_client_poll(c)) {
        struct net *set[1] = {c->net};
        bool want = http_client_wants_write(c);
        net_wait(set, &want, 1, -1, 1000);
    }
    crypto_wipe(bearer, sizeof bearer);
    return c->status > 0;
}

/* Prints what the API says. Exit status. */
static int report(struct http_client *c)
{
    int status = 0;
    if (c->status < 0) {
        status = complain("unavailable", c->error);
    } else if (c->status >= 400) {
        fprintf(stderr, "%s\n", c->body);
        status = 1;
    } else {
        printf("%s\n", c->body_size > 0 ? c->body : "{}");
    }
    http_client_close(c);
    return status;
}

static int simple(const struct options *o, const char *method, const char *format)
{
    static struct http_client c;
    char path[128];
    snprintf(path, sizeof path, format, o->n > 1 ? o->arguments[1] : "");
    if (!request(o, &c, method, path, NULL, NULL) && c.status == 0)
        return complain("unavailable", "no connection");
    return report(&c);
}

static void make_idempotency_key(char out[33])
{
    uint8_t raw[16];
    crypto_random(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

/* e: seven random digits and their check digit, made here and shown here only. */
static void make_digits(char out[9])
{
    uint32_t v;
    do {
        crypto_random(&v, sizeof v);
    } while (v >= 4290000000u); /* no digit more likely than another */
    snprintf(out, 8, "%07u", v % 10000000u);
    out[7] = damm_check_digit(out, 7);
    out[8] = '\0';
}

static void print_invitation(const char *body, const char *digits)
{
    char text[2048], value[512];
    struct json_out o;
    json_out_init(&o, text, sizeof text);
    json_open(&o, NULL);
    json_get_text(body, "id", value, sizeof value);
    json_put_text(&o, "id", value);
    json_get_text(body, "install_url", value, sizeof value);
    json_put_text(&o, "install_url", value);
    json_get_text(body, "code_prefix", value, sizeof value);
    snprintf(value + 4, sizeof value - 4, " %.4s %.4s", digits, digits + 4);
    json_put_text(&o, "code", value);
    json_get_text(body, "invitation_expires_at", value, sizeof value);
    json_put_text(&o, "invitation_expires_at", value);
    json_close(&o);
    puts(text);
}

static int invite(const struct options *o)
{
    static struct http_client c;
    char body[4096], key[33], digits[9];
    struct json_out out;
    json_out_init(&out, body, sizeof body);
    json_open(&out, NULL);
    json_put_bool(&out, "send_email", o->send_email);
    if (o->email)
        json_put_text(&out, "customer_email", o->email);
    if (o->name)
        json_put_text(&out, "customer_name", o->name);
    if (o->language)
        json_put_text(&out, "language", o->language);
    if (o->note)
        json_put_text(&out, "note", o->note);
    json_close(&out);
    make_idempotency_key(key);
    if (!request(o, &c, "POST", "/v1/sessions", key, body) || c.status != 201)
        return report(&c);
    make_digits(digits);
    print_invitation(c.body, digits);
    http_client_close(&c);
    return 0;
}

/* ---- connecting ---- */

/* Nothing to wait for: another ticket will not be given either. */
static bool refused_for_good(const struct http_client *c)
{
    static const char *const reasons[] = {"wrong_state",        "not_found", "unauthenticated", "permission_missing",
                                          "company_suspended", "plan_excludes_feature"};
    char reason[64] = "";
    if (c->status < 400 || c->status >= 500 || !json_valid(c->body, c->body_size) ||
        !json_get_text(c->body, "reason", reason, sizeof reason))
        return false;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

/* 0, -1 (perhaps later) or TICKET_NEVER. */
static int get_ticket(const struct options *o, const char *feature, const char *mode, struct ticket *t)
{
    static struct http_client c;
    char path[128], body[128];
    snprintf(path, sizeof path, "/v1/sessions/%s/tickets", o->arguments[1]);
    snprintf(body, sizeof body, "{\"feature\":\"%.32s\",\"mode\":\"%s\"}", feature, mode);
    if (!request(o, &c, "POST", path, NULL, body) || c.status != 201) {
        int status = refused_for_good(&c) ? TICKET_NEVER : -1;
        report(&c);
        return status;
    }
    bool ok = json_get_text(c.body, "ticket", t->ticket, sizeof t->ticket) &&
              json_get_text(c.body, "conn_id", t->conn_id, sizeof t->conn_id) &&
              json_get_text(c.body, "claims", t->claims, sizeof t->claims);
    http_client_close(&c);
    return ok ? 0 : -1;
}

static int viewer_failed(struct cli_viewer *v)
{
    char retry[64];
    snprintf(retry, sizeof retry, "retry_after_ms %u", v->retry_ms);
    int status = complain(v->reason[0] ? v->reason : "unavailable", v->retry_ms ? retry : v->detail);
    cli_viewer_close(v);
    return status;
}

static int pair(struct options *o)
{
    static struct cli_viewer v;
    static struct ticket t;
    char digits[16] = "", line[1024];
    size_t n = 0;
    struct json_out out;
    for (const char *c = o->code ? o->code : ""; *c; c++)
        if (isdigit((unsigned char)*c) && n < 12)
            digits[n++] = *c;
    if (n < 8 || !damm_valid(digits + n - 8, 8))
        return complain("code_invalid", "the last eight digits do not fit together");
    if (get_ticket(o, "remote", "pair", &t) != 0)
        return 1;
    if (cli_viewer_connect(&v, &o->origin, &t, o->arguments[1], MODE_PAIR, digits + n - 8, NULL) != 0 ||
        cli_viewer_ask(&v, NULL, "hello", 10000) != 0)
        return viewer_failed(&v);
    json_out_init(&out, line, sizeof line);
    json_open(&out, NULL);
    json_put_text(&out, "type", "set_password");
    json_put_text(&out, "password", o->password);
    json_close(&out);
    if (cli_viewer_ask(&v, line, "password_set", 30000) != 0)
        return viewer_failed(&v);
    crypto_wipe(line, sizeof line);
    puts("{\"paired\":true}");
    cli_viewer_close(&v);
    return 0;
}

static int write_png(const struct cli_viewer *v, const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = v->width, .height = v->height, .format = PNG_FORMAT_BGR};
    uint8_t *rows = malloc((size_t)v->width * v->height * 3);
    if (!rows)
        return -1;
    for (size_t i = 0; i < (size_t)v->width * v->height; i++) {
        rows[3 * i] = (uint8_t)v->pixels[i];
        rows[3 * i + 1] = (uint8_t)(v->pixels[i] >> 8);
        rows[3 * i + 2] = (uint8_t)(v->pixels[i] >> 16);
    }
    int ok = png_image_write_to_file(&image, path, 0, rows, 0, NULL);
    free(rows);
    return ok ? 0 : -1;
}

static void print_stream(const struct cli_viewer *v, int resumed)
{
    char digest[STREAM_DIGEST_JSON];
    printf("{\"updates\":%llu,\"resumed\":%d}\n", (unsigned long long)v->updates, resumed);
    stream_digest_json(&v->digest, digest);
    puts(digest);
    fflush(stdout);
}

/* The stream goes on; or, when the program has none to go on with (it was restarted), a new one begins. */
static int reconnect(struct options *o, struct cli_viewer *v, struct ticket *t)
{
    ws_client_close(&v->ws, 1000);
    peer_cleanup(&v->peer);
    int status = get_ticket(o, "remote", "connect", t);
    if (status != 0)
        return status;
    if (cli_viewer_connect(v, &o->origin, t, o->arguments[1], MODE_RESUME, NULL, NULL) == 0)
        return 0;
    if (strcmp(v->reason, "ticket_invalid") != 0)
        return -1;
    cli_viewer_forget(v);
    status = get_ticket(o, "remote", "connect", t);
    if (status == 0 && (cli_viewer_connect(v, &o->origin, t, o->arguments[1], MODE_CONNECT, NULL, o->password) != 0 ||
                        cli_viewer_screen(v, SCREEN_MS) != 0))
        status = -1;
    return status;
}

/* connect: stays for --seconds, resuming when the relay is lost, and tells how many updates came. */
static int stay(struct options *o, struct cli_viewer *v, struct ticket *t)
{
    int64_t end = clock_monotonic_ms() + 1000 * (o->seconds ? atoi(o->seconds) : 10);
    int resumed = 0, status = 0;
    puts("{\"connected\":true}");
    fflush(stdout);
    while (status != TICKET_NEVER && clock_monotonic_ms() < end) {
        if (status == 0 && cli_viewer_run(v, 100) == 0)
            continue;
        if (strcmp(v->last_type, "refused") == 0) { /* the customer took the consent back */
            json_get_text(v->last_line, "reason", v->reason, sizeof v->reason);
            return complain(v->reason, "");
        }
        if (v->ws.code == 4003)
            return complain(v->ws.reason, "");
        if (v->ws.code == 4002 || strcmp(v->last_type, "ended") == 0) {
            if (strcmp(v->last_type, "ended") == 0)
                json_get_text(v->last_line, "reason", v->ws.reason, sizeof v->ws.reason);
            print_stream(v, resumed);
            return complain(v->ws.reason, "the session has ended");
        }
        status = reconnect(o, v, t);
        if (status == 0) {
            printf("{\"resumed\":%d}\n", ++resumed);
            fflush(stdout);
        } else {
            struct net *none[1];
            bool want[1];
            net_wait(none, want, 0, -1, 300);
        }
    }
    print_stream(v, resumed);
    return status == 0 ? 0 : 1;
}

static int remote(struct options *o)
{
    static struct cli_viewer v;
    static struct ticket t;
    const char *verb = o->arguments[0];
    int status = 0;
    if (get_ticket(o, "remote", "connect", &t) != 0)
        return 1;
    if (cli_viewer_connect(&v, &o->origin, &t, o->arguments[1], MODE_CONNECT, NULL, o->password) != 0 ||
        cli_viewer_screen(&v, SCREEN_MS) != 0)
        return viewer_failed(&v);
    if (strcmp(verb, "screenshot") == 0)
        status = write_png(&v, o->arguments[2]) == 0 ? 0 : complain("invalid_request", "the file cannot be written");
    else if (strcmp(verb, "type") == 0)
        status = cli_viewer_type(&v, o->arguments[2]) == 0 ? 0 : 1;
    else
        status = stay(o, &v, &t);
    if (status == 0 && strcmp(verb, "connect") != 0)
        printf("{\"done\":true,\"width\":%u,\"height\":%u}\n", v.width, v.height);
    cli_viewer_close(&v);
    return status;
}

/* start: asks the PC for a function, with a ticket for it or for another one; what the PC answers is printed. */
static int start(struct options *o)
{
    static struct cli_viewer v;
    static struct ticket t;
    char line[128];
    struct json_out out;
    if (get_ticket(o, o->ticket ? o->ticket : o->arguments[2], "connect", &t) != 0)
        return 1;
    json_out_init(&out, line, sizeof line);
    json_open(&out, NULL);
    json_put_text(&out, "type", "start");
    json_put_text(&out, "feature", o->arguments[2]);
    json_close(&out);
    if (cli_viewer_connect(&v, &o->origin, &t, o->arguments[1], MODE_CONNECT, NULL, o->password) != 0 ||
        cli_viewer_ask(&v, line, "started", SCREEN_MS) != 0)
        return viewer_failed(&v);
    printf("{\"started\":\"%s\"}\n", o->arguments[2]);
    cli_viewer_close(&v);
    return 0;
}

static int hand_over(const struct options *o)
{
    static struct http_client c;
    char path[128], body[128];
    struct json_out out;
    snprintf(path, sizeof path, "/v1/sessions/%s/hand-over", o->arguments[1]);
    json_out_init(&out, body, sizeof body);
    json_open(&out, NULL);
    json_put_text(&out, "technician", o->arguments[2]);
    json_close(&out);
    if (!request(o, &c, "POST", path, NULL, body) && c.status == 0)
        return complain("unavailable", "no connection");
    return report(&c);
}

/* ---- command line ---- */

static int usage(void)
{
    fputs("usage: beistand-cli --origin URL --ca FILE --key-file FILE COMMAND\n"
          "  invite [--email A] [--name N] [--language en] [--note T] [--no-mail]   new session; prints link and code\n"
          "  list | show ID | end ID\n"
          "  pair ID --code DIGITS --password-file FILE      finishes the set-up\n"
          "  connect ID --password-file FILE [--seconds N]   stays connected\n"
          "  screenshot ID FILE.png --password-file FILE\n"
          "  type ID TEXT --password-file FILE\n"
          "  start ID FEATURE --password-file FILE [--ticket FEATURE]   asks the PC for remote, chat, files or dashboard\n"
          "  hand-over ID TECHNICIAN                         an administrator gives the session to a colleague\n"
          "  operator …, rebuild, audit-verify FILE           the operator's: each says how\n",
          stderr);
    return 2;
}

static bool parse(struct options *o, int argc, char **argv)
{
    static const struct {
        const char *name;
        size_t at;
    } named[] = {{"--origin", offsetof(struct options, origin_text)},
                 {"--ca", offsetof(struct options, ca_file)},
                 {"--key-file", offsetof(struct options, key_file)},
                 {"--email", offsetof(struct options, email)},
                 {"--name", offsetof(struct options, name)},
                 {"--language", offsetof(struct options, language)},
                 {"--note", offsetof(struct options, note)},
                 {"--code", offsetof(struct options, code)},
                 {"--password-file", offsetof(struct options, password_file)},
                 {"--seconds", offsetof(struct options, seconds)},
                 {"--ticket", offsetof(struct options, ticket)}};
    for (int i = 0; i < argc; i++) {
        size_t k = 0;
        if (strcmp(argv[i], "--no-mail") == 0) {
            o->send_email = false;
            continue;
        }
        while (k < sizeof named / sizeof *named && strcmp(named[k].name, argv[i]) != 0)
            k++;
        if (k < sizeof named / sizeof *named && i + 1 < argc)
            memcpy((char *)o + named[k].at, &argv[++i], sizeof(char *));
        else if (argv[i][0] != '-' && o->n < 4)
            o->arguments[o->n++] = argv[i];
        else
            return false;
    }
    return o->n > 0 && o->origin_text && o->ca_file && o->key_file;
}

static int dispatch(struct options *o)
{
    const char *verb = o->arguments[0];
    if (strcmp(verb, "invite") == 0)
        return invite(o);
    if (strcmp(verb, "list") == 0)
        return simple(o, "GET", "/v1/sessions%s");
    if (o->n < 2)
        return usage();
    if (strcmp(verb, "show") == 0)
        return simple(o, "GET", "/v1/sessions/%s");
    if (strcmp(verb, "end") == 0)
        return simple(o, "POST", "/v1/sessions/%s/end");
    if (strcmp(verb, "hand-over") == 0)
        return o->n < 3 ? usage() : hand_over(o);
    bool starts = strcmp(verb, "start") == 0;
    bool wants_third = starts || strcmp(verb, "screenshot") == 0 || strcmp(verb, "type") == 0;
    if ((!wants_third && strcmp(verb, "pair") != 0 && strcmp(verb, "connect") != 0) || (wants_third && o->n < 3))
        return usage();
    if (!read_file(o->password_file, o->password, sizeof o->password))
        return complain("invalid_request", "--password-file cannot be read");
    return strcmp(verb, "pair") == 0 ? pair(o) : starts ? start(o) : remote(o);
}

int technician_main(int argc, char **argv)
{
    static struct options o = {.send_email = true};
    static char ca[FILE_MAX];
    if (!parse(&o, argc, argv))
        return usage();
    if (origin_parse(&o.origin, o.origin_text) != 0 || !read_file(o.ca_file, ca, sizeof ca) ||
        !read_file(o.key_file, o.key, sizeof o.key) || crypto_start() != 0 || net_start(ca) != 0)
        return complain("invalid_request", "origin, --ca or --key-file is not usable");
    int status = dispatch(&o);
    crypto_wipe(&o, sizeof o);
    return status;
}
