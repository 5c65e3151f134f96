/* The directory straight in Redis, through the same transition as the gateway's (proto/lua/directory.lua). With the
 * directory's key (--directory-key-file, DIRECTORY_KEY_FILE) what is written can be rebuilt from the sealed topic. */
#include "operator.h"

#include "common/seal.h"
#include "generated/lua_scripts.h"
#include "generated/plans.h"
#include "proto/c/crockford.h"

#include <argon2.h>
#include <ctype.h>
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID_BYTES = 16, SECRET_BYTES = 32, TEXT_MAX = 200, PASSWORD_MIN = 12, LINK_MS = 3 * 24 * 3600 * 1000,
       KEY_FILE_MAX = 4096, PLACE_MAX = 96 };

struct bootstrap {
    const struct operator_options *o;
    redisContext *redis;
    struct seal_keys *keys; /* NULL: none given */
};

static bool plain_text(const char *text)
{
    if (!text || !*text || strlen(text) > TEXT_MAX)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < 0x20)
            return false;
    return true;
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

static bool exists(struct bootstrap *b, int bucket, const char *kind, const char *id)
{
    redisReply *reply = redisCommand(b->redis, "EXISTS {s%02d}:%s:%s", bucket, kind, id);
    bool there = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    if (reply)
        freeReplyObject(reply);
    return there;
}

static void set_now(json_t *set, const char *field, int64_t later_ms)
{
    struct timespec t;
    char text[24];
    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(text, sizeof text, "%lld", (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000 + later_ms);
    json_object_set_new(set, field, json_string(text));
}

/* ---- the directory's door ---- */

/* malloc'ed; "" without a key. */
static char *seal_state(const struct bootstrap *b, const json_t *wish, const json_t *set)
{
    char place[PLACE_MAX];
    if (!b->keys)
        return strdup("");
    const char *kind = json_string_value(json_object_get(wish, "kind")), *id = json_string_value(json_object_get(wish, "id"));
    json_t *fields = json_copy((json_t *)set);
    json_object_set_new(fields, "version", json_string("1"));
    json_t *whole = json_pack("{ss ss sO sO so}", "kind", kind, "id", id, "name", json_object_get(wish, "name"), "company",
                              json_object_get(wish, "company"), "fields", fields);
    char *text = json_dumps(whole, JSON_COMPACT);
    snprintf(place, sizeof place, "directory:%s:%s", kind, id);
    char *sealed = seal_text(b->keys, place, text);
    free(text);
    json_decref(whole);
    return sealed;
}

/* Makes one entity of set (let go) and link (let go, may be NULL). 0, or the exit status after a message. */
static int create(struct bootstrap *b, const char *kind, const char *company, const char *id, const char *name, json_t *set,
                  json_t *link)
{
    int bucket = bucket_of(company), status = 1;
    json_t *wish = json_pack("{ss ss ss ss ss s{ss ss} ss sO}", "verb", "create", "kind", kind, "id", id, "name", name,
                             "company", company, "actor", "type", "operator", "id", "operator", "expected", "", "set", set);
    if (link)
        json_object_set_new(wish, "link", link);
    char *sealed = seal_state(b, wish, set), *text = json_dumps(wish, JSON_COMPACT), key[160];
    snprintf(key, sizeof key, "{s%02d}:%s:%s", bucket, kind, name);
    redisReply *reply = sealed && text ? redisCommand(b->redis, "EVAL %s 1 %s %s %s", lua_directory, key, text, sealed) : NULL;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements < 1)
        fprintf(stderr, "redis: %s\n", reply && reply->str ? reply->str : b->redis->errstr);
    else if (strcmp(reply->element[0]->str, "done") != 0)
        operator_complain(reply->element[0]->str);
    else
        status = 0;
    if (reply)
        freeReplyObject(reply);
    free(sealed);
    free(text);
    json_decref(wish);
    json_decref(set);
    return status;
}

/* ---- companies ---- */

static json_t *company_fields(const struct operator_options *o, const struct plan *plan)
{
    char company[12], technician[12];
    snprintf(company, sizeof company, "%d", plan->limit_company);
    snprintf(technician, sizeof technician, "%d", plan->limit_technician);
    json_t *set = json_pack("{ss ss ss ss ss ss ss}", "name", o->name, "contact", o->contact ? o->contact : "", "plan",
                            plan->name, "modules", o->modules ? o->modules : "", "seats", o->seats ? o->seats : "10",
                            "limit_company", o->limit_company ? o->limit_company : company,
                            "limit_technician", o->limit_technician ? o->limit_technician : technician);
    set_now(set, "created_at", 0);
    return set;
}

static int company_create(struct bootstrap *b)
{
    const struct operator_options *o = b->o;
    char id[27];
    const struct plan *plan = plan_find(o->plan ? o->plan : "plus");
    if (!plain_text(o->name) || (o->contact && *o->contact && !plain_text(o->contact)))
        return operator_complain("--name (and --contact) must be one line of at most 200 bytes");
    if (!plan)
        return operator_complain("--plan is not one of trial, basic, plus, premier, base");
    if (o->seats && !operator_number(o->seats, 0, 1000000))
        return operator_complain("--seats is a whole number");
    if ((o->limit_company && !operator_number(o->limit_company, 0, 100000)) ||
        (o->limit_technician && !operator_number(o->limit_technician, 0, 100000)))
        return operator_complain("--limit-company and --limit-technician are whole numbers");
    new_secret(id, (int)randombytes_uniform(64), ID_BYTES);
    int status = create(b, "company", id, id, id, company_fields(o, plan), NULL);
    return status ? status : operator_print(json_pack("{ss}", "id", id));
}

static int company_show(struct bootstrap *b)
{
    const char *id = b->o->company;
    int bucket = bucket_of(id);
    if (bucket < 0 || !exists(b, bucket, "company", id))
        return operator_complain("--company is not known");
    redisReply *reply = redisCommand(b->redis, "HGETALL {s%02d}:company:%s", bucket, id);
    json_t *fields = json_pack("{ss}", "id", id);
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
        if (strcmp(reply->element[i]->str, "oidc_secret") != 0)
            json_object_set_new(fields, reply->element[i]->str, json_string(reply->element[i + 1]->str));
    if (reply)
        freeReplyObject(reply);
    return operator_print(fields);
}

/* ---- people ---- */

static bool encode_password(const char *path, char *out, size_t size)
{
    char password[256];
    uint8_t salt[16];
    if (!operator_read_file(path, password, sizeof password) || strlen(password) < PASSWORD_MIN)
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

static bool claim_login(struct bootstrap *b, const char *id)
{
    const char *email = b->o->email;
    char lower[256], digest[65], value[64], key[128];
    size_t n = 0;
    for (; email[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)tolower((unsigned char)email[n]);
    lower[n] = '\0';
    digest_hex(digest, lower);
    char first[3] = {digest[0], digest[1], '\0'};
    snprintf(value, sizeof value, "%s:%s", id, b->o->company);
    snprintf(key, sizeof key, "{s%02ld}:login:%s", strtol(first, NULL, 16) % 64, digest);
    redisReply *reply = redisCommand(b->redis, "EVAL %s 1 %s claim %s %s", lua_login, key, value, "");
    bool ours = reply && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, value) == 0;
    if (reply)
        freeReplyObject(reply);
    return ours;
}

static const char *person_wrong(const struct bootstrap *b, const char *role, const char *permissions)
{
    if (bucket_of(b->o->company) < 0 || !exists((struct bootstrap *)b, bucket_of(b->o->company), "company", b->o->company))
        return "--company is not known";
    if (!plain_text(b->o->name) || !email_ok(b->o->email))
        return "--name and --email are needed, each in one line";
    if ((strcmp(role, "technician") != 0 && strcmp(role, "administrator") != 0) || !permissions_known(permissions))
        return "--role is technician or administrator; --permissions adhoc_support,full_remote_control";
    return NULL;
}

static int technician_create(struct bootstrap *b)
{
    const struct operator_options *o = b->o;
    char id[27], encoded[256] = "", token[53] = "", digest[65];
    int bucket = bucket_of(o->company);
    const char *role = o->role ? o->role : "technician";
    const char *permissions = o->permissions ? o->permissions : "adhoc_support,full_remote_control";
    const char *wrong = person_wrong(b, role, permissions);
    json_t *link = NULL;
    if (wrong)
        return operator_complain(wrong);
    if (o->password_file && !encode_password(o->password_file, encoded, sizeof encoded))
        return operator_complain("--password-file must hold at least 12 characters");
    new_secret(id, bucket, ID_BYTES);
    if (!claim_login(b, id))
        return operator_complain("this e-mail address signs somebody in already");
    json_t *set = json_pack("{ss ss ss ss ss}", "company", o->company, "name", o->name, "email", o->email, "role", role,
                            "permissions", permissions);
    set_now(set, "created_at", 0);
    if (o->password_file) {
        json_object_set_new(set, "password", json_string(encoded));
        set_now(set, "password_at", 0);
    } else {
        new_secret(token, bucket, SECRET_BYTES);
        digest_hex(digest, token);
        json_object_set_new(set, "reset", json_string(digest));
        link = json_pack("{ss sI}", "digest", digest, "ms", (json_int_t)LINK_MS);
    }
    int status = create(b, "technician", o->company, id, id, set, link);
    if (status)
        return status;
    return operator_print(token[0] ? json_pack("{ss ss}", "id", id, "activate_token", token) : json_pack("{ss}", "id", id));
}

static int key_create(struct bootstrap *b)
{
    const struct operator_options *o = b->o;
    char key[64] = "bk_", digest[65], id[27];
    int bucket = bucket_of(o->company);
    if (bucket < 0 || bucket_of(o->technician) != bucket || !exists(b, bucket, "technician", o->technician))
        return operator_complain("--company and --technician are not known");
    if (o->days && !operator_number(o->days, 1, 3650))
        return operator_complain("--days is 1 to 3650");
    new_secret(key + 3, bucket, SECRET_BYTES);
    new_secret(id, bucket, ID_BYTES);
    digest_hex(digest, key);
    json_t *set = json_pack("{ss ss ss ss ss}", "id", id, "company", o->company, "technician", o->technician, "scopes",
                            o->scopes ? o->scopes : "all", "name", o->name ? o->name : "beistand-cli");
    set_now(set, "created_at", 0);
    if (o->days)
        set_now(set, "expires_at", strtoll(o->days, NULL, 10) * 86400000);
    int status = create(b, "key", o->company, id, digest, set, NULL);
    return status ? status : operator_print(json_pack("{ss ss}", "key", key, "id", id));
}

/* ---- start ---- */

static bool connect_redis(struct bootstrap *b)
{
    char host[256];
    int port = 6379, db = 0;
    const char *url = b->o->redis_url ? b->o->redis_url : getenv("REDIS_URL");
    if (sscanf(url ? url : "redis://127.0.0.1:6379", "redis://%255[^:/]:%d/%d", host, &port, &db) < 1)
        return false;
    b->redis = redisConnectWithTimeout(host, port, (struct timeval){5, 0});
    if (!b->redis || b->redis->err) {
        fprintf(stderr, "redis: %s\n", b->redis ? b->redis->errstr : "no memory");
        return false;
    }
    redisReply *reply = db ? redisCommand(b->redis, "SELECT %d", db) : NULL;
    bool ok = db == 0 || (reply && reply->type == REDIS_REPLY_STATUS);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

static bool load_key(struct bootstrap *b)
{
    char text[KEY_FILE_MAX];
    const char *path = b->o->directory_key_file ? b->o->directory_key_file : getenv("DIRECTORY_KEY_FILE");
    if (!path || !*path)
        return true;
    if (operator_read_file(path, text, sizeof text))
        b->keys = seal_keys_new(text);
    sodium_memzero(text, sizeof text);
    return b->keys != NULL;
}

int operator_bootstrap(const struct operator_options *o, const char *verb)
{
    static const struct {
        const char *name;
        int (*run)(struct bootstrap *b);
    } verbs[] = {{"company-create", company_create},
                 {"company-show", company_show},
                 {"technician-create", technician_create},
                 {"key-create", key_create}};
    struct bootstrap b = {.o = o};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, verb) != 0)
            continue;
        int status = 1;
        if (!load_key(&b))
            operator_complain("--directory-key-file holds no lines kid:hex32");
        else if (sodium_init() < 0 || !connect_redis(&b))
            operator_complain("no connection to redis");
        else
            status = verbs[i].run(&b);
        if (b.redis)
            redisFree(b.redis);
        seal_keys_free(b.keys);
        return status;
    }
    return -1;
}
