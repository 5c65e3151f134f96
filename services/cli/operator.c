/* See operator.h. */
#include "operator.h"

#include "generated/plans.h"
#include "proto/c/crockford.h"

#include <argon2.h>
#include <ctype.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ID_BYTES = 16, SECRET_BYTES = 32, TEXT_MAX = 200, PASSWORD_MIN = 12, ACTIVATION_SECONDS = 3 * 24 * 3600 };

struct operator {
    const char *redis_url, *company, *technician, *name, *contact, *plan, *seats, *limit_company,
        *limit_technician, *email, *role, *permissions, *password_file, *days;
    redisContext *redis;
};

static int complain(const char *what)
{
    json_t *e = json_pack("{ss ss}", "reason", "invalid_request", "detail", what);
    char *text = json_dumps(e, JSON_COMPACT);
    fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(e);
    return 1;
}

static int print_json(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    puts(text);
    free(text);
    json_decref(value);
    return 0;
}

static bool plain_text(const char *text)
{
    if (!text || !*text || strlen(text) > TEXT_MAX)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < 0x20)
            return false;
    return true;
}

static bool number(const char *text, long min, long max)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *text && !*end && n >= min && n <= max;
}

static void new_secret(char *out, int bucket, size_t bytes)
{
    uint8_t raw[SECRET_BYTES];
    randombytes_buf(raw, bytes);
    raw[0] = (uint8_t)bucket;
    crockford_encode(out, raw, bytes);
    sodium_memzero(raw, sizeof raw);
}

static int bucket_of(const char *id)
{
    uint8_t raw[ID_BYTES];
    return id && crockford_decode(raw, sizeof raw, id) == 0 && raw[0] < 64 ? raw[0] : -1;
}

static void digest_hex(char out[65], const char *text)
{
    uint8_t digest[32];
    crypto_hash_sha256(digest, (const uint8_t *)text, strlen(text));
    sodium_bin2hex(out, 65, digest, sizeof digest);
}

/* true when Redis did it; the reply is freed. */
static bool command(struct operator *o, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    redisReply *reply = redisvCommand(o->redis, format, ap);
    va_end(ap);
    bool ok = reply && reply->type != REDIS_REPLY_ERROR && reply->type != REDIS_REPLY_NIL;
    if (!ok)
        fprintf(stderr, "redis: %s\n", reply && reply->str ? reply->str : o->redis->errstr);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

static bool exists(struct operator *o, int bucket, const char *kind, const char *id)
{
    redisReply *reply = redisCommand(o->redis, "EXISTS {s%02d}:%s:%s", bucket, kind, id);
    bool there = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    if (reply)
        freeReplyObject(reply);
    return there;
}

/* ---- companies ---- */

static int company_create(struct operator *o)
{
    char id[27];
    int bucket = (int)randombytes_uniform(64);
    const struct plan *plan = plan_find(o->plan ? o->plan : "plus");
    const char *seats = o->seats ? o->seats : "10";
    char company[8], technician[8];
    if (!plain_text(o->name) || (o->contact && !plain_text(o->contact)))
        return complain("--name (and --contact) must be one line of at most 200 bytes");
    if (!plan)
        return complain("--plan is not one of trial, basic, plus, premier, base");
    if (!number(seats, 0, 1000000))
        return complain("--seats is a whole number");
    snprintf(company, sizeof company, "%d", plan->limit_company);
    snprintf(technician, sizeof technician, "%d", plan->limit_technician);
    if (o->limit_company && !number(o->limit_company, 0, 100000))
        return complain("--limit-company is a whole number");
    if (o->limit_technician && !number(o->limit_technician, 0, 100000))
        return complain("--limit-technician is a whole number");
    new_secret(id, bucket, ID_BYTES);
    if (!command(o, "HSET {s%02d}:company:%s name %s contact %s plan %s seats %s limit_company %s limit_technician %s",
                 bucket, id, o->name, o->contact ? o->contact : "", plan->name, seats,
                 o->limit_company ? o->limit_company : company, o->limit_technician ? o->limit_technician : technician))
        return 1;
    return print_json(json_pack("{ss}", "id", id));
}

static int company_show(struct operator *o)
{
    int bucket = bucket_of(o->company);
    if (bucket < 0 || !exists(o, bucket, "company", o->company))
        return complain("--company is not known");
    redisReply *reply = redisCommand(o->redis, "HGETALL {s%02d}:company:%s", bucket, o->company);
    json_t *fields = json_pack("{ss}", "id", o->company);
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
        json_object_set_new(fields, reply->element[i]->str, json_string(reply->element[i + 1]->str));
    if (reply)
        freeReplyObject(reply);
    return print_json(fields);
}

/* ---- people ---- */

static bool read_password(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(out, 1, size - 1, f) : 0;
    if (f)
        fclose(f);
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
        n--;
    out[n] = '\0';
    return n >= PASSWORD_MIN;
}

static bool encode_password(const char *path, char *out, size_t size)
{
    char password[256];
    uint8_t salt[16];
    if (!read_password(path, password, sizeof password))
        return false;
    randombytes_buf(salt, sizeof salt);
    int e = argon2id_hash_encoded(3, 65536, 1, password, strlen(password), salt, sizeof salt, 32, out, size);
    sodium_memzero(password, sizeof password);
    return e == ARGON2_OK;
}

static bool permissions_known(const char *list)
{
    char copy[TEXT_MAX];
    snprintf(copy, sizeof copy, "%s", list);
    for (char *rest, *one = strtok_r(copy, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
        if (strcmp(one, "adhoc_support") != 0 && strcmp(one, "full_remote_control") != 0)
            return false;
    return strlen(list) < sizeof copy;
}

static bool email_ok(const char *email)
{
    const char *at = email ? strchr(email, '@') : NULL;
    if (!at || at == email || strchr(at + 1, '@') || !strchr(at + 1, '.') || strlen(email) > 254)
        return false;
    for (const char *c = email; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("@.!#$%&'*+-/=?^_`{|}~", *c))
            return false;
    return true;
}

static bool claim_login(struct operator *o, const char *id)
{
    char lower[256], digest[65], value[64];
    size_t n = 0;
    for (; o->email[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)tolower((unsigned char)o->email[n]);
    lower[n] = '\0';
    digest_hex(digest, lower);
    char first[3] = {digest[0], digest[1], '\0'};
    snprintf(value, sizeof value, "%s:%s", id, o->company);
    return command(o, "SET {s%02ld}:login:%s %s NX", strtol(first, NULL, 16) % 64, digest, value);
}

static int technician_create(struct operator *o)
{
    char id[27], encoded[256] = "", token[53] = "", digest[65];
    int bucket = bucket_of(o->company);
    const char *role = o->role ? o->role : "technician";
    const char *permissions = o->permissions ? o->permissions : "adhoc_support,full_remote_control";
    if (bucket < 0 || !exists(o, bucket, "company", o->company))
        return complain("--company is not known");
    if (!plain_text(o->name) || !email_ok(o->email))
        return complain("--name and --email are needed, each in one line");
    if ((strcmp(role, "technician") != 0 && strcmp(role, "administrator") != 0) || !permissions_known(permissions))
        return complain("--role is technician or administrator; --permissions adhoc_support,full_remote_control");
    if (o->password_file && !encode_password(o->password_file, encoded, sizeof encoded))
        return complain("--password-file must hold at least 12 characters");
    new_secret(id, bucket, ID_BYTES);
    if (!claim_login(o, id))
        return complain("this e-mail address signs somebody in already");
    if (!command(o, "HSET {s%02d}:technician:%s company %s name %s email %s role %s permissions %s password %s", bucket, id,
                 o->company, o->name, o->email, role, permissions, encoded))
        return 1;
    if (o->password_file)
        return print_json(json_pack("{ss}", "id", id));
    new_secret(token, bucket, SECRET_BYTES);
    digest_hex(digest, token);
    if (!command(o, "SET {s%02d}:activate-account:%s %s EX %d", bucket, digest, id, ACTIVATION_SECONDS))
        return 1;
    return print_json(json_pack("{ss ss}", "id", id, "activate_token", token));
}

static int key_create(struct operator *o)
{
    char key[64] = "bk_", digest[65];
    int bucket = bucket_of(o->company);
    if (bucket < 0 || bucket_of(o->technician) != bucket || !exists(o, bucket, "technician", o->technician))
        return complain("--company and --technician are not known");
    if (o->days && !number(o->days, 1, 3650))
        return complain("--days is 1 to 3650");
    new_secret(key + 3, bucket, SECRET_BYTES);
    digest_hex(digest, key);
    if (!command(o, "HSET {s%02d}:key:%s company %s technician %s scopes %s", bucket, digest, o->company, o->technician, "all"))
        return 1;
    if (o->days && !command(o, "EXPIRE {s%02d}:key:%s %ld", bucket, digest, strtol(o->days, NULL, 10) * 86400))
        return 1;
    return print_json(json_pack("{ss}", "key", key));
}

/* ---- command line ---- */

static int usage(void)
{
    fputs("usage: beistand-cli operator COMMAND [--redis URL]\n"
          "  company-create --name N [--contact T] [--plan plus] [--seats N] [--limit-company N] [--limit-technician N]\n"
          "  company-show --company ID\n"
          "  technician-create --company ID --name N --email A [--role technician|administrator] [--permissions a,b]\n"
          "                    [--password-file FILE]   without it: a one-time activate_token is printed\n"
          "  key-create --company ID --technician ID [--days N]\n",
          stderr);
    return 2;
}

static bool parse(struct operator *o, int argc, char **argv)
{
    static const struct {
        const char *name;
        size_t at;
    } named[] = {{"--redis", offsetof(struct operator, redis_url)},
                 {"--company", offsetof(struct operator, company)},
                 {"--technician", offsetof(struct operator, technician)},
                 {"--name", offsetof(struct operator, name)},
                 {"--contact", offsetof(struct operator, contact)},
                 {"--plan", offsetof(struct operator, plan)},
                 {"--seats", offsetof(struct operator, seats)},
                 {"--limit-company", offsetof(struct operator, limit_company)},
                 {"--limit-technician", offsetof(struct operator, limit_technician)},
                 {"--email", offsetof(struct operator, email)},
                 {"--role", offsetof(struct operator, role)},
                 {"--permissions", offsetof(struct operator, permissions)},
                 {"--password-file", offsetof(struct operator, password_file)},
                 {"--days", offsetof(struct operator, days)}};
    for (int i = 2; i < argc; i += 2) {
        size_t k = 0;
        while (k < sizeof named / sizeof *named && strcmp(named[k].name, argv[i]) != 0)
            k++;
        if (k == sizeof named / sizeof *named || i + 1 == argc)
            return false;
        memcpy((char *)o + named[k].at, &argv[i + 1], sizeof(char *));
    }
    return true;
}

static bool connect_redis(struct operator *o)
{
    char host[256];
    int port = 6379, db = 0;
    const char *url = o->redis_url ? o->redis_url : getenv("REDIS_URL");
    if (sscanf(url ? url : "redis://127.0.0.1:6379", "redis://%255[^:/]:%d/%d", host, &port, &db) < 1)
        return false;
    o->redis = redisConnectWithTimeout(host, port, (struct timeval){5, 0});
    if (!o->redis || o->redis->err) {
        fprintf(stderr, "redis: %s\n", o->redis ? o->redis->errstr : "no memory");
        return false;
    }
    return db == 0 || command(o, "SELECT %d", db);
}

int operator_main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct operator *o);
    } verbs[] = {{"company-create", company_create},
                 {"company-show", company_show},
                 {"technician-create", technician_create},
                 {"key-create", key_create}};
    struct operator o = {0};
    if (argc < 2 || !parse(&o, argc, argv))
        return usage();
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, argv[1]) != 0)
            continue;
        int status = sodium_init() >= 0 && connect_redis(&o) ? verbs[i].run(&o) : complain("no connection to redis");
        if (o.redis)
            redisFree(o.redis);
        return status;
    }
    return usage();
}
