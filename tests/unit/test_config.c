/* test_config: where the configuration comes from, what prevails, and what is said about mistakes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/daemon/config_priv.h"
#include "src/daemon/keys.h"

struct loaded {
    struct daemon_config config;
    struct buf problems;
    int rc;
};

/* From a file with this text (NULL: none), and lists that end with NULL. */
static struct loaded load(const char *text, char *const *env, const struct daemon_flag *flags)
{
    struct loaded l;
    char path[] = "/tmp/squall-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    if (text)
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct daemon_config_sources sources = {.file = path, .env = env, .flags = flags};
    while (flags && flags[sources.flag_count].name)
        sources.flag_count++;
    buf_init(&l.problems, DAEMON_CONFIG_PROBLEMS_MAX);
    l.rc = daemon_config_load(&l.config, &sources, &l.problems);
    unlink(path);
    return l;
}

static void put_away(struct loaded *l)
{
    daemon_config_fini(&l->config);
    buf_fini(&l->problems);
}

static bool says(const struct loaded *l, const char *words)
{
    if (strstr(l->problems.ptr, words))
        return true;
    print_error("\"%s\" is not in:\n%s", words, l->problems.ptr);
    return false;
}

static void defaults_are_right(void **state)
{
    (void)state;
    struct loaded l = load(NULL, NULL, NULL);
    assert_int_equal(l.rc, 0);
    assert_string_equal(l.config.listen, "127.0.0.1");
    assert_int_equal(l.config.port, DAEMON_PORT_DEFAULT);
    assert_false(l.config.allow_remote);
    assert_int_equal(l.config.max_body, 4 << 20);
    assert_int_equal(l.config.log_level, LOG_INFO);
    assert_int_equal(l.config.log_format, LOG_FORMAT_TEXT);
    assert_true(l.config.idle_timeout_ns == 30 * NS_PER_S);
    assert_true(l.config.data_dir[0] == '/');
    assert_true(l.config.data_dir_is_default);
    put_away(&l);
}

static void file_environment_and_flags_prevail_in_that_order(void **state)
{
    (void)state;
    static const char file[] = "# a comment\n\n  port = 1001\nmax_workers=11\nlog_level =  warn \n"
                               "data_dir = /srv/squall data\n";
    static char from_env[] = "SQUALL_PORT=1002", also[] = "SQUALL_MAX_WORKERS=12",
                other[] = "SQUALL_PORTS=9", level[] = "SQUALL_LOG_FORMAT=json";
    char *const env[] = {other, from_env, also, level, NULL};
    const struct daemon_flag flags[] = {
        {"max-workers", "13"}, {"allow-remote", NULL}, {NULL, NULL}};
    struct loaded l = load(file, env, flags);
    assert_int_equal(l.rc, 0);
    assert_int_equal(l.config.port, 1002);
    assert_int_equal(l.config.max_workers, 13);
    assert_int_equal(l.config.log_level, LOG_WARN);
    assert_int_equal(l.config.log_format, LOG_FORMAT_JSON);
    assert_string_equal(l.config.data_dir, "/srv/squall data");
    assert_false(l.config.data_dir_is_default);
    assert_true(l.config.allow_remote);
    put_away(&l);
}

static void every_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    static const char file[] = "prot = 1\n"
                               "port\n"
                               "port = 70000\n"
                               "max_body = 9GiB\n"
                               "idle_timeout = 5\n"
                               "stop_timeout = 2h\n"
                               "log_level = inof\n"
                               "allow_remote = yes\n"
                               "log_format = text\n"
                               "log_format = json\n";
    static char from_env[] = "SQUALL_MAX_LIVE_RUNS=none";
    char *const env[] = {from_env, NULL};
    const struct daemon_flag flags[] = {{"max-workers", "0"}, {NULL, NULL}};
    struct loaded l = load(file, env, flags);
    assert_int_equal(l.rc, -EINVAL);
    assert_true(says(&l, ":1: unknown key \"prot\"; did you mean \"port\"?\n"));
    assert_true(says(&l, ":2: this line is not of the form key = value\n"));
    assert_true(says(&l, ":3: port: \"70000\" is not a number from 0 to 65535"));
    assert_true(says(&l, ":4: max_body: \"9GiB\" is not between 1024 and 4194304 bytes"));
    assert_true(says(&l, ":5: idle_timeout: "));
    assert_true(says(&l, ":6: stop_timeout: \"2h\" is not between 1s and 10m"));
    assert_true(says(&l,
                     ":7: log_level: \"inof\" is none of debug, info, warn, error; did you mean "
                     "info?"));
    assert_true(says(&l, ":8: allow_remote: \"yes\" is neither true nor false"));
    assert_true(says(&l, ":10: log_format: it was given in line 9 already"));
    assert_true(says(&l, "environment: SQUALL_MAX_LIVE_RUNS: "));
    assert_true(says(&l, "command line: --max-workers: "));
    assert_int_equal(l.config.port, 8080);
    put_away(&l);
}

static void a_file_that_was_named_has_to_be_there(void **state)
{
    (void)state;
    struct loaded l;
    struct daemon_config_sources sources = {.file = "/nonexistent/squalld.conf"};
    buf_init(&l.problems, DAEMON_CONFIG_PROBLEMS_MAX);
    assert_int_equal(daemon_config_load(&l.config, &sources, &l.problems), -EINVAL);
    assert_true(says(&l, "/nonexistent/squalld.conf: No such file or directory\n"));
    put_away(&l);

    static char named[] = "SQUALL_CONFIG=/nonexistent/other.conf";
    char *const env[] = {named, NULL};
    sources = (struct daemon_config_sources){.env = env};
    buf_init(&l.problems, DAEMON_CONFIG_PROBLEMS_MAX);
    assert_int_equal(daemon_config_load(&l.config, &sources, &l.problems), -EINVAL);
    assert_true(says(&l, "/nonexistent/other.conf: "));
    put_away(&l);
}

static void a_file_that_cannot_be_meant_is_not_read_to_its_end(void **state)
{
    (void)state;
    size_t len = DAEMON_CONFIG_FILE_MAX + 10;
    char *text = mem_alloc(len + 1);
    memset(text, '\n', len);
    struct loaded l = load(text, NULL, NULL);
    assert_int_equal(l.rc, -EINVAL);
    assert_true(says(&l, "over 1 MiB"));
    put_away(&l);
    free(text);
}

static void only_loopback_unless_it_is_allowed(void **state)
{
    (void)state;
    static const char *const near[] = {"127.0.0.1", "127.9.8.7", "::1", "localhost"};
    static const char *const far[] = {"0.0.0.0", "::", "192.0.2.1", "2001:db8::1",
                                      "::ffff:192.0.2.1"};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        const struct daemon_flag flags[] = {{"listen", near[i]}, {NULL, NULL}};
        struct loaded l = load(NULL, NULL, flags);
        if (l.rc != 0)
            fail_msg("%s: %s", near[i], l.problems.ptr);
        put_away(&l);
    }
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        const struct daemon_flag flags[] = {{"listen", far[i]}, {NULL, NULL}, {NULL, NULL}};
        struct loaded l = load(NULL, NULL, flags);
        assert_int_equal(l.rc, -EINVAL);
        assert_true(says(&l, "can be reached from other machines"));
        assert_true(says(&l, "allow_remote = true"));
        put_away(&l);
        const struct daemon_flag allowed[] = {
            {"listen", far[i]}, {"allow-remote", NULL}, {NULL, NULL}};
        l = load(NULL, NULL, allowed);
        assert_int_equal(l.rc, 0);
        put_away(&l);
    }
    const struct daemon_flag wrong[] = {{"listen", "not an address"}, {NULL, NULL}};
    struct loaded l = load(NULL, NULL, wrong);
    assert_true(says(&l, "is no address of this machine"));
    put_away(&l);
}

/* The tests run at the top of the tree. */
static char *shipped_file(void)
{
    FILE *f = fopen("conf/squalld.conf", "re");
    assert_non_null(f);
    char *text = mem_alloc(64 << 10);
    assert_true(fread(text, 1, (64 << 10) - 1, f) > 0);
    fclose(f);
    return text;
}

static void the_file_that_is_shipped_has_every_key_with_its_default(void **state)
{
    (void)state;
    struct daemon_key key;
    char *text = shipped_file(), line[256];
    for (size_t i = 0; daemon_config_key(i, &key); i++) {
        snprintf(line, sizeof line, "\n#%s =%s%s\n", key.name, key.fallback[0] ? " " : "",
                 key.fallback);
        if (!strstr(text, line))
            fail_msg("conf/squalld.conf has no line \"%s\"", line + 1);
        assert_non_null(key.help);
    }
    free(text);
}

static void the_file_that_is_shipped_is_right_with_every_key_in_use(void **state)
{
    (void)state;
    char *text = shipped_file();
    for (char *at = text; (at = strstr(at, "\n#")); at++)
        if (at[2] >= 'a' && at[2] <= 'z' && strcspn(at + 2, "=") < strcspn(at + 2, "\n"))
            at[1] = ' ';
    struct loaded l = load(text, NULL, NULL), plain = load(NULL, NULL, NULL);
    if (l.rc != 0)
        fail_msg("%s", l.problems.ptr);
    assert_int_equal(l.config.max_live_runs, plain.config.max_live_runs);
    assert_string_equal(l.config.data_dir, plain.config.data_dir);
    put_away(&l);
    put_away(&plain);
    free(text);
}

static void keys_have_the_names_that_the_manual_says(void **state)
{
    (void)state;
    const char *nearest = NULL;
    const struct key *key = key_find(STR("max-live-runs"), &nearest);
    assert_non_null(key);
    assert_ptr_equal(key, key_find(STR("max_live_runs"), &nearest));
    char *name = key_env_name(key);
    assert_string_equal(name, "SQUALL_MAX_LIVE_RUNS");
    free(name);
    assert_null(key_find(STR("max_live_run"), &nearest));
    assert_string_equal(nearest, "max_live_runs");
    assert_null(key_find(STR("zzzzzzzz"), &nearest));
    assert_null(nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_right),
        cmocka_unit_test(file_environment_and_flags_prevail_in_that_order),
        cmocka_unit_test(every_mistake_is_told_with_its_place),
        cmocka_unit_test(a_file_that_was_named_has_to_be_there),
        cmocka_unit_test(a_file_that_cannot_be_meant_is_not_read_to_its_end),
        cmocka_unit_test(only_loopback_unless_it_is_allowed),
        cmocka_unit_test(the_file_that_is_shipped_has_every_key_with_its_default),
        cmocka_unit_test(the_file_that_is_shipped_is_right_with_every_key_in_use),
        cmocka_unit_test(keys_have_the_names_that_the_manual_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
