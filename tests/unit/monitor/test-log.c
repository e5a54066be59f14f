/* test-log.c - output as JSON lines, read back byte for byte; rotation; a full disk.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "place.h"

#define NAME "c-json.log"

/* The file's text. The caller frees. */
static char *
content(const char *name)
{
    char *text = NULL;
    if (file_read_at(place_fd, name, 1 << 20, &text, NULL) < 0)
        return str_copy("(no such file)");
    return text;
}

/* All lines of the file, read back and put together; those that are none are counted. */
static void
read_back(const char *name, struct text *out, struct text *err, int *damaged)
{
    auto_free char *text = content(name);
    auto_list lines = {0};
    *damaged = 0;
    list_split(&lines, text, '\n');
    assert_string_equal(lines.v[lines.n - 1], "");
    for (size_t i = 0; i + 1 < lines.n; i++) {
        auto_text line = {0};
        enum log_stream stream;
        int64_t when = 0;
        if (log_parse(lines.v[i], strlen(lines.v[i]), &line, &stream, &when) < 0) {
            ++*damaged;
            continue;
        }
        assert_true(when > 0);
        text_add_bytes(stream == LOG_STDOUT ? out : err, line.data, line.len);
    }
}

static void
every_byte_comes_back(void **state)
{
    (void)state;
    auto_text out = {0}, err = {0};
    struct log log;
    char bytes[257];
    int damaged;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    bytes[256] = '\n';
    log_init(&log, place_fd, NAME, -1, 1);
    assert_int_equal(log_write(&log, LOG_STDOUT, bytes, sizeof bytes), 0);
    assert_int_equal(log_write(&log, LOG_STDERR, "\"\\\t\r\x1b[0m\n", 9), 0);
    log_done(&log);

    read_back(NAME, &out, &err, &damaged);
    assert_int_equal(damaged, 0);
    assert_int_equal(out.len, sizeof bytes);
    assert_memory_equal(out.data, bytes, sizeof bytes);
    assert_memory_equal(err.data, "\"\\\t\r\x1b[0m\n", err.len);
}

static void
a_line_looks_as_docker_writes_it(void **state)
{
    (void)state;
    struct log log;
    log_init(&log, place_fd, NAME, -1, 1);
    assert_int_equal(log_write(&log, LOG_STDERR, "a\"b\n", 4), 0);
    log_done(&log);
    auto_free char *text = content(NAME);
    static const char begin[] =
        "{\"log\":\"a\\\"b\\n\",\"stream\":\"stderr\",\"time\":\"20";
    assert_memory_equal(text, begin, strlen(begin));
    assert_true(str_ends(text, "Z\"}\n"));
}

static void
lines_are_put_together_from_pieces(void **state)
{
    (void)state;
    auto_text out = {0}, err = {0};
    struct log log;
    int damaged;
    log_init(&log, place_fd, NAME, -1, 1);
    log_write(&log, LOG_STDOUT, "one ", 4);
    log_write(&log, LOG_STDERR, "other", 5);
    auto_free char *before = content(NAME);
    assert_string_equal(before, "(no such file)"); /* made with the first line */
    log_write(&log, LOG_STDOUT, "line\ntwo", 8);
    auto_free char *half = content(NAME);
    assert_non_null(strstr(half, "\"one line\\n\""));
    assert_null(strstr(half, "two"));
    assert_int_equal(log_flush(&log), 0);
    log_done(&log);
    read_back(NAME, &out, &err, &damaged);
    assert_string_equal(text_str(&out), "one line\ntwo");
    assert_string_equal(text_str(&err), "other");
}

static void
a_long_line_is_cut_and_loses_nothing(void **state)
{
    (void)state;
    auto_text out = {0}, err = {0};
    struct log log;
    int damaged;
    static char bytes[LOG_LINE_MOST * 2 + 10];
    memset(bytes, 'x', sizeof bytes);
    bytes[sizeof bytes - 1] = '\n';
    log_init(&log, place_fd, NAME, -1, 1);
    for (size_t at = 0; at < sizeof bytes; at += 1000)
        log_write(&log, LOG_STDOUT, bytes + at,
                  sizeof bytes - at < 1000 ? sizeof bytes - at : 1000);
    log_done(&log);
    auto_free char *text = content(NAME);
    int lines = 0;
    for (const char *s = text; (s = strchr(s, '\n')) != NULL; s++)
        lines++;
    assert_int_equal(lines, 3);
    read_back(NAME, &out, &err, &damaged);
    assert_int_equal(out.len, sizeof bytes);
    assert_memory_equal(out.data, bytes, sizeof bytes);
}

static void
full_files_are_moved_on_and_the_oldest_falls_off(void **state)
{
    (void)state;
    struct log log;
    char line[8];
    log_init(&log, place_fd, NAME, 200, 3); /* two lines a file */
    for (int i = 0; i < 9; i++) {
        snprintf(line, sizeof line, "n%d\n", i);
        assert_int_equal(log_write(&log, LOG_STDOUT, line, 3), 0);
    }
    log_done(&log);
    static const char *const wanted[][2] = {
        {NAME,      "n8\n"    },
        {NAME ".1", "n6\nn7\n"},
        {NAME ".2", "n4\nn5\n"}
    };
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        auto_text out = {0}, err = {0};
        int damaged;
        read_back(wanted[i][0], &out, &err, &damaged);
        assert_string_equal(text_str(&out), wanted[i][1]);
    }
    auto_free char *fourth = content(NAME ".3");
    assert_string_equal(fourth, "(no such file)");
}

static void
a_single_file_begins_anew(void **state)
{
    (void)state;
    auto_text out = {0}, err = {0};
    struct log log;
    int damaged;
    log_init(&log, place_fd, NAME, 200, 1);
    for (int i = 0; i < 5; i++)
        log_write(&log, LOG_STDOUT, "n\n", 2);
    log_done(&log);
    read_back(NAME, &out, &err, &damaged);
    assert_string_equal(text_str(&out), "n\n");
}

static void
the_size_of_a_file_that_is_there_counts(void **state)
{
    (void)state;
    struct log log;
    for (int i = 0; i < 3; i++) { /* the container was started three times */
        log_init(&log, place_fd, NAME, 200, 2);
        log_write(&log, LOG_STDOUT, "n\n", 2);
        log_done(&log);
    }
    auto_text out = {0}, err = {0};
    int damaged;
    read_back(NAME ".1", &out, &err, &damaged);
    assert_string_equal(text_str(&out), "n\nn\n");
}

static void
a_line_that_did_not_fit_spoils_no_other(void **state)
{
    (void)state;
    auto_text out = {0}, err = {0};
    struct log log;
    int damaged;
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){150, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    log_init(&log, place_fd, NAME, -1, 1);
    assert_int_equal(log_write(&log, LOG_STDOUT, "first\n", 6), 0);
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(log_write(&log, LOG_STDOUT, "no room for this\n", 17), -EFBIG);
    assert_int_equal(log_write(&log, LOG_STDOUT, "nor for this\n", 13), -EFBIG);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(log_write(&log, LOG_STDOUT, "last\n", 5), 0);
    log_done(&log);
    signal(SIGXFSZ, SIG_DFL);
    read_back(NAME, &out, &err, &damaged);
    assert_string_equal(text_str(&out), "first\nlast\n");
    assert_true(damaged > 0);
}

static void
without_a_name_nothing_is_written(void **state)
{
    (void)state;
    struct log log;
    auto_list names = {0};
    log_init(&log, place_fd, NULL, 1, 1);
    assert_int_equal(log_write(&log, LOG_STDOUT, "x\ny", 3), 0);
    assert_int_equal(log_flush(&log), 0);
    log_done(&log);
    assert_int_equal(file_list_dir(place_fd, &names), 0);
    assert_int_equal(names.n, 0);
}

static void
what_is_no_line_of_a_log_is_refused(void **state)
{
    (void)state;
#define TIME "\"time\":\"2026-11-23T22:47:16.123456789Z\""
    static const char *const good[] = {
        "{\"log\":\"\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"\\u0041\\/\",\"stream\":\"stderr\"," TIME "}",
    };
    static const char *const bad[] = {
        "",
        "{",
        "{\"log\":\"a",
        "{\"log\":\"a\\",
        "{\"log\":\"a\\\"",
        "{\"log\":\"a\"}",
        "{\"log\":\"\\x\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"\\u12\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"\\u  41\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"\\u+041\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"\\u0x41\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"\\u00e9\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"a\",\"stream\":\"stdin\"," TIME "}",
        "{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"today\"}",
        "{\"log\":\"a{\"log\":\"b\\n\",\"stream\":\"stdout\"," TIME "}",
        "{\"log\":\"a\",\"stream\":\"stdout\"," TIME "}}",
        "{\"stream\":\"stdout\",\"log\":\"a\"," TIME "}",
    };
    enum log_stream stream;
    int64_t when;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        auto_text text = {0};
        assert_int_equal(log_parse(good[i], strlen(good[i]), &text, &stream, &when), 0);
        assert_string_equal(text_str(&text), i == 0 ? "" : "A/");
        assert_int_equal(stream, i == 0 ? LOG_STDOUT : LOG_STDERR);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_text text = {0};
        if (log_parse(bad[i], strlen(bad[i]), &text, &stream, &when) == 0)
            fail_msg("taken: %s", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(every_byte_comes_back),
        IN_PLACE(a_line_looks_as_docker_writes_it),
        IN_PLACE(lines_are_put_together_from_pieces),
        IN_PLACE(a_long_line_is_cut_and_loses_nothing),
        IN_PLACE(full_files_are_moved_on_and_the_oldest_falls_off),
        IN_PLACE(a_single_file_begins_anew),
        IN_PLACE(the_size_of_a_file_that_is_there_counts),
        IN_PLACE(a_line_that_did_not_fit_spoils_no_other),
        IN_PLACE(without_a_name_nothing_is_written),
        cmocka_unit_test(what_is_no_line_of_a_log_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
