/* test-record.c - containers found by what the user typed, and what is made of those that a
 * crash has left.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/record.h"

#include <errno.h>
#include <unistd.h>

#include "monitor/lock.h"
#include "records.h"

static void
finds(const char *words, const char *begin)
{
    struct err e = {0};
    char id[ID_LEN + 1];
    auto_record record = RECORD_NONE;
    full_id(begin, id);
    if (record_find(&engine, words, &record, &e) < 0)
        fail_msg("%s: %s", words, e.text);
    assert_string_equal(record.id, id);
}

static void
finds_none(const char *words, enum err_kind kind, const char *text)
{
    struct err e = {0};
    auto_record record = RECORD_NONE;
    if (record_find(&engine, words, &record, &e) >= 0)
        fail_msg("found: %s", words);
    assert_int_equal(e.kind, kind);
    if (strstr(e.text, text) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", words, text, e.text);
    assert_int_equal(record.home_fd, NO_FD);
}

static void
by_name_by_id_and_by_the_beginning_of_an_id(void **state)
{
    (void)state;
    char id[ID_LEN + 1];
    full_id("abc1", id);
    put_container(engine.containers_fd, "abc1", "web", "", "");
    put_container(engine.containers_fd, "abd2", "db", "", "");
    finds("web", "abc1");
    finds("/web", "abc1");
    finds(id, "abc1");
    finds("abc", "abc1");
    finds("abd2", "abd2");
    finds_none("ab", ERR_CONFLICT, "several containers");
    finds_none("abe", ERR_NOT_FOUND, "No such container: abe");
    finds_none("we", ERR_NOT_FOUND, "No such container: we"); /* of names no beginning */
    finds_none("", ERR_NOT_FOUND, "No such container: ");
    finds_none("/", ERR_NOT_FOUND, "No such container: ");
    finds_none("../web", ERR_NOT_FOUND, "No such container");
    full_id("fff", id);
    finds_none(id, ERR_NOT_FOUND, "No such container");
}

static void
a_name_goes_before_the_beginning_of_an_id(void **state)
{
    (void)state;
    put_container(engine.containers_fd, "abc1", "web", "", "");
    put_container(engine.containers_fd, "def2", "abc", "", "");
    finds("abc", "def2");
    finds("abc1", "abc1");
}

static void
a_name_is_taken_once_and_given_back_by_its_owner_only(void **state)
{
    (void)state;
    char id[ID_LEN + 1], other[ID_LEN + 1], got[ID_LEN + 1];
    full_id("a", id);
    full_id("b", other);
    assert_int_equal(name_take(&engine, "n", id), 0);
    assert_int_equal(name_take(&engine, "n", other), -EEXIST);
    name_give(&engine, "n", other);
    assert_int_equal(name_look_up(&engine, "n", got), 0);
    assert_string_equal(got, id);
    name_give(&engine, "n", id);
    assert_int_equal(name_look_up(&engine, "n", got), -ENOENT);
    assert_int_equal(name_look_up(&engine, "../run/names/n", got), -ENOENT);
    assert_int_equal(symlinkat("no id", engine.names_fd, "odd"), 0);
    assert_int_equal(name_look_up(&engine, "odd", got), -EINVAL);
}

static void
load(const char *begin, struct record *ret)
{
    struct err e = {0};
    char id[ID_LEN + 1];
    full_id(begin, id);
    if (record_load(&engine, id, ret, &e) < 0)
        fail_msg("%s: %s", begin, e.text);
}

#define RUNNING "{\"Status\":\"running\",\"Pid\":4194304,\"Sampan\":{\"PidStart\":1}}"

static void
running_is_believed_only_while_the_lock_is_held(void **state)
{
    (void)state;
    auto_record held = RECORD_NONE, lost = RECORD_NONE, again = RECORD_NONE;
    put_container(engine.containers_fd, "a", "held", "", RUNNING);
    put_container(engine.containers_fd, "b", "lost", "", RUNNING);
    char id[ID_LEN + 1];
    full_id("a", id);
    auto_close int home = file_open_dir_at(engine.containers_fd, id);
    auto_close int lock = lock_take(home, "lock");
    assert_true(lock >= 0);

    load("a", &held);
    assert_true(held.is_held && record_is_running(&held));
    load("b", &lost);
    assert_false(lost.is_held || record_is_running(&lost));
    assert_int_equal(lost.state.status, STATUS_EXITED);
    assert_int_equal(lost.state.exit_code, 255);
    assert_true(lost.state.finished_at > 0);
    load("b", &again); /* and it is written down */
    assert_int_equal(again.state.finished_at, lost.state.finished_at);
    assert_non_null(strstr(again.state.error, "monitor was killed"));
}

static void
of_a_lost_transient_container_nothing_stays(void **state)
{
    (void)state;
    char id[ID_LEN + 1], got[ID_LEN + 1];
    struct stat st;
    put_container(engine.live_fd, "c", "gone", "", RUNNING);
    finds_none("gone", ERR_NOT_FOUND, "No such container");
    full_id("c", id);
    assert_int_equal(name_look_up(&engine, "gone", got), -ENOENT);
    assert_int_equal(fstatat(engine.live_fd, id, &st, 0), -1);

    put_container(engine.live_fd, "d", "half", "", ""); /* it had not come to run */
    finds_none("half", ERR_NOT_FOUND, "No such container");
    assert_int_equal(name_look_up(&engine, "half", got), -ENOENT);
}

static void
paused_is_a_file_beside_a_running_container(void **state)
{
    (void)state;
    char id[ID_LEN + 1];
    auto_record record = RECORD_NONE, still = RECORD_NONE;
    full_id("a", id);
    put_container(engine.containers_fd, "a", "n", "", RUNNING);
    assert_int_equal(mkdirat(engine.live_fd, id, 0700), 0);
    auto_free char *flag = str_format("%s/%s", id, PAUSED_FILE);
    assert_int_equal(file_write_at(engine.live_fd, flag, "", 0, 0600), 0);
    auto_close int home = file_open_dir_at(engine.containers_fd, id);
    int lock = lock_take(home, "lock");
    load("a", &record);
    assert_int_equal(record.state.status, STATUS_PAUSED);
    assert_true(record_is_running(&record));
    close(lock);
    load("a", &still); /* a lost one is no longer paused either */
    assert_int_equal(still.state.status, STATUS_EXITED);
}

static void
a_damaged_record_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct err e = {0};
    char id[ID_LEN + 1];
    auto_record record = RECORD_NONE;
    full_id("a", id);
    put_container(engine.containers_fd, "a", "n", "\"X\":", "");
    assert_true(record_load(&engine, id, &record, &e) < 0);
    assert_non_null(strstr(e.text, "record.json"));
    assert_int_equal(record.home_fd, NO_FD);
}

static void
ids_of_both_roots_come_once(void **state)
{
    (void)state;
    struct err e = {0};
    auto_list ids = {0};
    char id[ID_LEN + 1];
    put_container(engine.containers_fd, "a", "one", "", "");
    put_container(engine.live_fd, "b", "two", "", "");
    full_id("a", id); /* the live directory of a container on the data root */
    assert_int_equal(mkdirat(engine.live_fd, id, 0700), 0);
    assert_int_equal(mkdirat(engine.containers_fd, ".new-x", 0700), 0);
    assert_int_equal(record_ids(&engine, &ids, &e), 0);
    assert_int_equal(ids.n, 2);
}

static void
names_are_made_anew_from_the_records_after_a_boot(void **state)
{
    (void)state;
    struct err e = {0};
    auto_free char *root = str_copy(engine.root), *run = str_copy(engine.state);
    put_container(engine.containers_fd, "a", "web", "", "");
    put_container(engine.containers_fd, "b", "bad", "\"X\":", "");
    engine_close(&engine);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, run), 0);
    assert_int_equal(engine_open(&engine, root, run, &e), 0);
    finds("web", "a");
    finds_none("bad", ERR_NOT_FOUND, "No such container"); /* its record cannot be read */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ENGINE(by_name_by_id_and_by_the_beginning_of_an_id),
        WITH_ENGINE(a_name_goes_before_the_beginning_of_an_id),
        WITH_ENGINE(a_name_is_taken_once_and_given_back_by_its_owner_only),
        WITH_ENGINE(running_is_believed_only_while_the_lock_is_held),
        WITH_ENGINE(of_a_lost_transient_container_nothing_stays),
        WITH_ENGINE(paused_is_a_file_beside_a_running_container),
        WITH_ENGINE(a_damaged_record_is_an_error_that_names_it),
        WITH_ENGINE(ids_of_both_roots_come_once),
        WITH_ENGINE(names_are_made_anew_from_the_records_after_a_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
