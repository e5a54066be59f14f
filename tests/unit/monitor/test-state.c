/* test-state.c - state.json written, read again, and what is made of a damaged one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/state.h"

#include <errno.h>
#include <stdio.h>

#include "place.h"

static int
read_text(const char *text, struct state *ret, struct err *e)
{
    assert_int_equal(file_write_at(place_fd, STATE_FILE, text, strlen(text), 0600), 0);
    return state_read(ret, place_fd, e);
}

static void
a_container_without_a_state_has_never_run(void **state)
{
    (void)state;
    struct state s;
    struct err e;
    memset(&s, 0xff, sizeof s);
    assert_int_equal(state_read(&s, place_fd, &e), 0);
    assert_int_equal(s.status, STATUS_CREATED);
    assert_int_equal(s.started_at, 0);
    assert_int_equal(s.container.pid, 0);
    assert_int_equal(s.container.pidfd, NO_FD);
    assert_int_equal(s.container.gate_fd, NO_FD);
    assert_int_equal(s.container.terminal_fd, NO_FD);
}

static void
what_is_written_is_read(void **state)
{
    (void)state;
    struct state s, again;
    struct err e;
    state_init(&s);
    s.status = STATUS_RUNNING;
    s.started_at = 1795387636123456789;
    s.monitor_pid = 4710;
    s.container.pid = 4711;
    s.container.pid_start = 123456;
    s.container.cgroup.made = 17;
    s.container.cgroup.is_systemd = true;
    snprintf(s.container.cgroup.path, sizeof s.container.cgroup.path, "sampan/x");
    assert_int_equal(state_write(&s, place_fd, &e), 0);
    assert_int_equal(state_read(&again, place_fd, &e), 0);
    assert_int_equal(again.status, STATUS_RUNNING);
    assert_int_equal(again.started_at, s.started_at);
    assert_int_equal(again.finished_at, 0); /* "never" is the year 1 */
    assert_int_equal(again.monitor_pid, 4710);
    assert_int_equal(again.container.pid, 4711);
    assert_int_equal(again.container.pid_start, 123456);
    assert_int_equal(again.container.cgroup.made, 17);
    assert_true(again.container.cgroup.is_systemd);
    assert_string_equal(again.container.cgroup.path, "sampan/x");
}

static void
an_end_is_remembered_with_its_reason(void **state)
{
    (void)state;
    struct state s, again;
    struct err e;
    state_init(&s);
    s.status = STATUS_EXITED;
    s.exit_code = 137;
    s.is_oom_killed = true;
    s.finished_at = 1795387636000000000;
    s.container.pid = 4711;
    memset(s.error, 'x', sizeof s.error - 1);
    s.error[sizeof s.error - 1] = '\0';
    assert_int_equal(state_write(&s, place_fd, &e), 0);
    assert_int_equal(state_read(&again, place_fd, &e), 0);
    assert_int_equal(again.status, STATUS_EXITED);
    assert_int_equal(again.exit_code, 137);
    assert_true(again.is_oom_killed);
    assert_int_equal(again.finished_at, s.finished_at);
    assert_string_equal(again.error, s.error);
    assert_int_equal(again.container.pid, 0); /* nobody must signal who has its pid now */
}

static void
each_status_has_its_word_and_its_flags(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        const char *word;
        bool is_running, is_paused, is_dead;
    } cases[] = {
        {STATUS_CREATED, "created", false, false, false},
        {STATUS_RUNNING, "running", true,  false, false},
        {STATUS_PAUSED,  "paused",  true,  true,  false},
        {STATUS_EXITED,  "exited",  false, false, false},
        {STATUS_DEAD,    "dead",    false, false, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_json *doc = json_doc_new();
        struct state s;
        state_init(&s);
        s.status = cases[i].status;
        s.container.pid = 7;
        const struct json *object = state_to_json(doc, &s, false);
        assert_string_equal(state_word(s.status), cases[i].word);
        assert_string_equal(json_str(json_get(object, "Status"), ""), cases[i].word);
        assert_int_equal(json_bool(json_get(object, "Running"), false),
                         cases[i].is_running);
        assert_int_equal(json_bool(json_get(object, "Paused"), false), cases[i].is_paused);
        assert_int_equal(json_bool(json_get(object, "Dead"), false), cases[i].is_dead);
        assert_int_equal(json_i64(json_get(object, "Pid"), -1),
                         cases[i].is_running ? 7 : 0);
        assert_null(json_get(object, "Sampan")); /* not for inspect */
    }
}

static void
a_damaged_state_is_an_error_that_names_the_file(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "{\"Status\":\"running\"", "[1,]"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct state s = {.exit_code = 42};
        struct err e = {0};
        assert_true(read_text(texts[i], &s, &e) < 0);
        assert_non_null(strstr(e.text, "state.json"));
        assert_int_equal(s.exit_code, 42); /* untouched on failure */
    }
}

static void
what_has_the_wrong_type_is_as_good_as_missing(void **state)
{
    (void)state;
    struct state s;
    struct err e;
    assert_int_equal(read_text("{\"Status\":\"flying\",\"Pid\":\"12\",\"ExitCode\":null,"
                               "\"StartedAt\":\"yesterday\",\"FinishedAt\":12,"
                               "\"Sampan\":{\"Cgroup\":[],\"MonitorPid\":true}}",
                               &s, &e),
                     0);
    assert_int_equal(s.status, STATUS_CREATED);
    assert_int_equal(s.container.pid, 0);
    assert_int_equal(s.exit_code, 0);
    assert_int_equal(s.started_at, 0);
    assert_int_equal(s.finished_at, 0);
    assert_int_equal(s.monitor_pid, 0);
    assert_string_equal(s.container.cgroup.path, "");
}

static void
a_state_larger_than_any_is_refused(void **state)
{
    (void)state;
    struct state s;
    struct err e;
    static char text[(64 << 10) + 2];
    memset(text, ' ', sizeof text - 1);
    assert_int_equal(read_text(text, &s, &e), -EFBIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_container_without_a_state_has_never_run),
        IN_PLACE(what_is_written_is_read),
        IN_PLACE(an_end_is_remembered_with_its_reason),
        cmocka_unit_test(each_status_has_its_word_and_its_flags),
        IN_PLACE(a_damaged_state_is_an_error_that_names_the_file),
        IN_PLACE(what_has_the_wrong_type_is_as_good_as_missing),
        IN_PLACE(a_state_larger_than_any_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
