/* records.h - an engine of a test's own, with containers that are nothing but files.
 *
 * For WITH_ENGINE(test) instead of cmocka_unit_test(test).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <sys/stat.h>

#include "engine/record.h"
#include "place.h"

static struct engine engine;

static int
engine_make(void **state)
{
    struct err e = {0};
    if (place_make(state) < 0)
        return -1;
    auto_free char *root = str_format("%s/root", place), *run = str_format("%s/run", place);
    setenv("SAMPAN_STATE_TMPFS", "0", 1);
    return engine_open(&engine, root, run, &e);
}

static int
engine_remove_all(void **state)
{
    engine_close(&engine);
    return place_remove(state);
}

#define WITH_ENGINE(test) \
    cmocka_unit_test_setup_teardown(test, engine_make, engine_remove_all)

/* The id that begins with these letters and goes on with zeros. */
static void
full_id(const char *begin, char ret[ID_LEN + 1])
{
    memset(ret, '0', ID_LEN);
    memcpy(ret, begin, strlen(begin));
    ret[ID_LEN] = '\0';
}

/* A container below `folder_fd` (the engine's containers_fd or live_fd) whose record and
 * state hold these texts, under that name. */
static void
put_container(int folder_fd, const char *begin, const char *name, const char *record,
              const char *state)
{
    char id[ID_LEN + 1];
    full_id(begin, id);
    assert_int_equal(mkdirat(folder_fd, id, 0700), 0);
    auto_close int home = file_open_dir_at(folder_fd, id);
    auto_free char *text = str_format("{\"Id\":\"%s\",\"Name\":\"/%s\"%s%s}", id, name,
                                      *record ? "," : "", record);
    assert_int_equal(file_write_at(home, RECORD_FILE, text, strlen(text), 0600), 0);
    if (*state)
        assert_int_equal(file_write_at(home, STATE_FILE, state, strlen(state), 0600), 0);
    assert_int_equal(name_take(&engine, name, id), 0);
}

#endif
