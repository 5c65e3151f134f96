/* Settings from the environment: every value in range or refused by name, secrets from files, the two print-outs. */
#include "common/settings.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *text, *required, *secret;
static int64_t number;

static const struct setting table[] = {
    {"T_TEXT", SETTING_TEXT, &text, "fallback", 0, 0, "a text"},
    {"T_REQUIRED", SETTING_TEXT, &required, NULL, 0, 0, "a text that must be given"},
    {"T_NUMBER", SETTING_NUMBER, &number, "5", 1, 10, "a number"},
    {"T_SECRET", SETTING_FILE_SECRET, &secret, NULL, 0, 0, "a secret"},
};

static char *no_arguments[] = {"program", NULL};

static void clear_environment(void)
{
    static const char *const names[] = {"T_TEXT", "T_REQUIRED", "T_NUMBER", "T_SECRET", "T_SECRET_FILE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("T_REQUIRED", "given", 1);
    setenv("T_SECRET", "quiet", 1);
}

/* settings_load() with what it writes to stderr in out. */
static int load(int argc, char **argv, char *out, size_t size)
{
    int saved = dup(STDERR_FILENO), ends[2];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    int status = settings_load(table, sizeof table / sizeof *table, argc, argv);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = read(ends[0], out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    return status;
}

static void test_values_and_fallbacks(void **state)
{
    (void)state;
    char said[512];
    clear_environment();
    assert_int_equal(load(1, no_arguments, said, sizeof said), 0);
    assert_string_equal(said, "");
    assert_string_equal(text, "fallback");
    assert_string_equal(required, "given");
    assert_string_equal(secret, "quiet");
    assert_int_equal(number, 5);
    setenv("T_TEXT", "", 1); /* empty is absent */
    setenv("T_NUMBER", "10", 1);
    assert_int_equal(load(1, no_arguments, said, sizeof said), 0);
    assert_string_equal(text, "fallback");
    assert_int_equal(number, 10);
}

static void test_nonsense_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "11", "-1", "x", "5x", "5 ", "1e1", "0x5", "99999999999999999999", "5.0"};
    char said[512];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        clear_environment();
        setenv("T_NUMBER", bad[i], 1);
        if (load(1, no_arguments, said, sizeof said) != -1)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(said, "T_NUMBER"));
        assert_non_null(strstr(said, bad[i]));
    }
}

static void test_all_that_is_wrong_is_told_at_once(void **state)
{
    (void)state;
    char said[512];
    clear_environment();
    unsetenv("T_REQUIRED");
    unsetenv("T_SECRET");
    setenv("T_NUMBER", "x", 1);
    assert_int_equal(load(1, no_arguments, said, sizeof said), -1);
    assert_true(strstr(said, "T_REQUIRED") && strstr(said, "T_NUMBER") && strstr(said, "T_SECRET"));
}

static void write_secret(char path[32], const void *data, size_t n)
{
    snprintf(path, 32, "/tmp/beistand-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    close(fd);
    setenv("T_SECRET_FILE", path, 1);
}

static void test_secrets_come_from_a_file_without_its_last_line_end(void **state)
{
    (void)state;
    char path[32], said[512];
    clear_environment();
    write_secret(path, "line one\nline two\r\n\n", 20);
    assert_int_equal(load(1, no_arguments, said, sizeof said), 0);
    assert_string_equal(secret, "line one\nline two");
    free((void *)secret);
    unlink(path);
}

static void test_unreadable_empty_and_huge_secret_files_are_refused(void **state)
{
    (void)state;
    static char big[65537];
    char path[32], said[512];
    clear_environment();
    setenv("T_SECRET_FILE", "/nonexistent/secret", 1);
    assert_int_equal(load(1, no_arguments, said, sizeof said), -1);
    assert_non_null(strstr(said, "T_SECRET_FILE"));
    write_secret(path, "", 0);
    assert_int_equal(load(1, no_arguments, said, sizeof said), -1);
    unlink(path);
    memset(big, 'x', sizeof big);
    write_secret(path, big, sizeof big);
    assert_int_equal(load(1, no_arguments, said, sizeof said), -1);
    assert_null(strstr(said, "xxxx"));
    unlink(path);
    write_secret(path, big, sizeof big - 1);
    assert_int_equal(load(1, no_arguments, said, sizeof said), 0);
    assert_int_equal(strlen(secret), sizeof big - 1);
    free((void *)secret);
    unlink(path);
}

/* What a child that is told to print says; it exits 0. */
static void print_out(const char *argument, char *out, size_t size)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {"program", (char *)argument, NULL};
        dup2(ends[1], STDOUT_FILENO);
        settings_load(table, sizeof table / sizeof *table, 2, argv);
        _exit(9);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_print_config_shows_what_holds_and_no_secret(void **state)
{
    (void)state;
    char out[1024];
    clear_environment();
    fflush(stdout);
    print_out("--print-config", out, sizeof out);
    assert_string_equal(out, "T_TEXT=fallback\nT_REQUIRED=given\nT_NUMBER=5\nT_SECRET=(secret)\n");
}

static void test_print_manual_needs_no_valid_settings(void **state)
{
    (void)state;
    char out[1024];
    clear_environment();
    unsetenv("T_REQUIRED");
    fflush(stdout);
    print_out("--print-manual", out, sizeof out);
    assert_non_null(strstr(out, "| `T_NUMBER` | 5 | a number |\n"));
    assert_non_null(strstr(out, "| `T_SECRET_FILE` | required | a secret |\n"));
}

static void test_other_arguments_are_refused(void **state)
{
    (void)state;
    char said[512], *argv[] = {"program", "--what", NULL};
    clear_environment();
    assert_int_equal(load(2, argv, said, sizeof said), -1);
    assert_non_null(strstr(said, "--print-config"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_fallbacks),
        cmocka_unit_test(test_nonsense_is_refused_by_name),
        cmocka_unit_test(test_all_that_is_wrong_is_told_at_once),
        cmocka_unit_test(test_secrets_come_from_a_file_without_its_last_line_end),
        cmocka_unit_test(test_unreadable_empty_and_huge_secret_files_are_refused),
        cmocka_unit_test(test_print_config_shows_what_holds_and_no_secret),
        cmocka_unit_test(test_print_manual_needs_no_valid_settings),
        cmocka_unit_test(test_other_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
