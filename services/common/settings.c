/* See settings.h. */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_FILE_MAX = 65536 };

static int complain(const char *name, const char *why, const char *value)
{
    fprintf(stderr, "setting %s: %s%s%s\n", name, why, value ? ": " : "", value ? value : "");
    return -1;
}

static int read_secret(const char *name, const char *path, const char **target)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return complain(name, strerror(errno), path);
    char *text = calloc(1, SECRET_FILE_MAX + 1);
    size_t n = text ? fread(text, 1, SECRET_FILE_MAX + 1, f) : 0;
    int bad = !text || ferror(f) || n == 0 || n > SECRET_FILE_MAX;
    fclose(f);
    if (bad) {
        free(text);
        return complain(name, "file is empty, unreadable or larger than 64 KiB", path);
    }
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        text[--n] = '\0';
    *target = text;
    return 0;
}

static int load_number(const struct setting *s, const char *value)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return complain(s->name, "is not a whole number", value);
    if (n < s->min || n > s->max)
        return complain(s->name, "is out of range", value);
    *(int64_t *)s->target = n;
    return 0;
}

static int load_one(const struct setting *s)
{
    char file_name[128];
    snprintf(file_name, sizeof file_name, "%s_FILE", s->name);
    const char *file = s->type == SETTING_FILE_SECRET ? getenv(file_name) : NULL;
    const char *value = getenv(s->name);
    if (file && *file)
        return read_secret(file_name, file, s->target);
    if (!value || !*value)
        value = s->fallback;
    if (!value)
        return complain(s->name, "is required", NULL);
    if (s->type == SETTING_NUMBER)
        return load_number(s, value);
    *(const char **)s->target = value;
    return 0;
}

static void print_config(const struct setting *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct setting *s = &table[i];
        if (s->type == SETTING_NUMBER)
            printf("%s=%lld\n", s->name, (long long)*(int64_t *)s->target);
        else if (s->type == SETTING_FILE_SECRET)
            printf("%s=(secret)\n", s->name);
        else
            printf("%s=%s\n", s->name, *(const char **)s->target);
    }
}

static void print_manual(const struct setting *table, size_t n)
{
    printf("| setting | default | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < n; i++)
        printf("| `%s%s` | %s | %s |\n", table[i].name,
               table[i].type == SETTING_FILE_SECRET ? "_FILE" : "",
               table[i].fallback ? table[i].fallback : "required", table[i].help);
}

int settings_load(const struct setting *table, size_t n, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--print-manual") == 0) {
        print_manual(table, n);
        exit(0);
    }
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= load_one(&table[i]);
    if (bad)
        return -1;
    if (argc > 1 && strcmp(argv[1], "--print-config") == 0) {
        print_config(table, n);
        exit(0);
    }
    if (argc > 1) {
        fprintf(stderr, "usage: %s [--print-config|--print-manual]\n", argv[0]);
        return -1;
    }
    return 0;
}
