/* Feeds files to a fuzzer, one after the other: replay FILE... A folder stands for the files in it. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 20, PATH_BYTES = 4096 };

static size_t fed;

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static int feed(const char *path)
{
    FILE *f = fopen(path, "re");
    uint8_t *data = malloc(INPUT_MAX);
    if (!f || !data) {
        fprintf(stderr, "cannot read %s\n", path);
        return -1;
    }
    size_t n = fread(data, 1, INPUT_MAX, f);
    fclose(f);
    uint8_t *exact = copy_bytes(data, n);
    free(data);
    fprintf(stderr, "%s\n", path); /* the last one before a crash is the culprit */
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    fed++;
    return 0;
}

static int feed_folder(const char *path)
{
    DIR *d = opendir(path);
    int status = d ? 0 : -1;
    for (struct dirent *e; d && (e = readdir(d));) {
        char file[PATH_BYTES];
        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        status |= feed(file);
    }
    if (d)
        closedir(d);
    return status;
}

int main(int argc, char **argv)
{
    int status = LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        status |= stat(argv[i], &st) != 0 ? -1 : S_ISDIR(st.st_mode) ? feed_folder(argv[i]) : feed(argv[i]);
    }
    printf("%zu inputs\n", fed);
    return status ? 1 : 0;
}
