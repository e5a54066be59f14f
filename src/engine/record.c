/* record.c - records found, read, written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/record.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "linux/path.h"
#include "monitor/lock.h"

#define EXIT_CODE_LOST 255 /* what nobody saw end */

void
record_close(struct record *record)
{
    fd_close(&record->home_fd);
    json_doc_free(take_ptr(record->doc));
}

const struct json *
record_json(const struct record *record)
{
    return json_root(record->doc);
}

const struct json *
record_get(const struct record *record, const char *path)
{
    return json_path(json_root(record->doc), path);
}

const char *
record_name(const struct record *record)
{
    const char *name = str_after(json_str(record_get(record, "Name"), ""), "/");
    return name != NULL ? name : "";
}

bool
record_is_running(const struct record *record)
{
    return record->state.status == STATUS_RUNNING || record->state.status == STATUS_PAUSED;
}

static int
read_record(struct record *record, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    int r = file_read_at(record->home_fd, RECORD_FILE, JSON_BYTES_MOST, &text, &len);
    if (r == -ENOENT)
        return err_set(e, ERR_NOT_FOUND, "No such container: %s", record->id);
    TRY(err_sys(e, r, "read container %.12s's %s", record->id, RECORD_FILE));
    r = json_parse(text, len, &record->doc, e);
    return r < 0 ? err_wrap(e, r, "container %.12s's %s", record->id, RECORD_FILE) : 0;
}

static bool
has_live_file(const struct engine *engine, const char *id, const char *name)
{
    struct stat st;
    auto_free char *path = str_format("%s/%s", id, name);
    return lx_fstatat(engine->live_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
remove_live(const struct engine *engine, const char *id)
{
    auto_free char *trash = str_format("trash/%s", id);
    if (lx_renameat2(engine->live_fd, id, engine->state_fd, trash, 0) == 0)
        file_remove_tree_at(engine->state_fd, trash);
}

/* Puts in order what a killed monitor or a crash left: nobody holds the container
 * (monitor/lock.h), so nobody else will. Its cgroup is killed and removed; the mounts went
 * with its processes. A container with a home on the data root has then "exited" with
 * status 255, as Docker says it after a crash; of a transient one nothing stays. Does
 * nothing if somebody holds it now. */
static int
recover(const struct engine *engine, struct record *record, struct err *e)
{
    auto_close int lock = lock_take(record->home_fd, "lock");
    if (lock == -EAGAIN)
        return 0;
    TRY(err_sys(e, lock, "lock container %.12s, whose monitor is gone", record->id));

    /* The state may have been written between our look at it and at the lock. */
    TRY(state_read(&record->state, record->home_fd, e));
    struct err ignored;
    bool was_running = record_is_running(record);
    if (was_running)
        container_destroy(&record->state.container, &ignored);
    if (record->is_transient)
        name_give(engine, record_name(record), record->id);
    remove_live(engine, record->id);
    if (record->is_transient || !was_running)
        return 0;

    record->state.status = STATUS_EXITED;
    record->state.exit_code = EXIT_CODE_LOST;
    record->state.finished_at = clock_wall_ns();
    snprintf(record->state.error, sizeof(record->state.error),
             "its monitor was killed, or the machine went down");
    return state_write(&record->state, record->home_fd, e);
}

int
record_load(const struct engine *engine, const char *id, struct record *ret, struct err *e)
{
    auto_record record = RECORD_NONE;
    memcpy(record.id, id, sizeof(record.id));
    record.home_fd = file_open_dir_at(engine->containers_fd, id);
    if (record.home_fd == -ENOENT) {
        record.home_fd = file_open_dir_at(engine->live_fd, id);
        record.is_transient = true;
    }
    if (record.home_fd == -ENOENT)
        return err_set(e, ERR_NOT_FOUND, "No such container: %s", id);
    TRY(err_sys(e, record.home_fd, "open container %.12s", id));
    TRY(read_record(&record, e));
    TRY(state_read(&record.state, record.home_fd, e));
    record.is_held = lock_is_held(record.home_fd, "lock") == 1;

    bool is_lost = !record.is_held && (record_is_running(&record) || record.is_transient);
    if (is_lost) {
        TRY(recover(engine, &record, e));
        if (record.is_transient)
            return err_set(e, ERR_NOT_FOUND, "No such container: %s", id);
    }
    if (record.state.status == STATUS_RUNNING && has_live_file(engine, id, PAUSED_FILE))
        record.state.status = STATUS_PAUSED;
    *ret = record;
    record = (struct record)RECORD_NONE; /* handed over */
    return 0;
}

int
record_ids(const struct engine *engine, struct list *ret, struct err *e)
{
    const int places[] = {engine->containers_fd, engine->live_fd};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        auto_list names = {0};
        TRY(err_sys(e, file_list_dir(places[i], &names), "list the containers"));
        for (size_t k = 0; k < names.n; k++) {
            struct stat st;
            if (!id_is_valid(names.v[k]))
                continue;
            /* The live directory of one that has its home on the data root. */
            if (places[i] == engine->live_fd &&
                lx_fstatat(engine->containers_fd, names.v[k], &st, 0) == 0)
                continue;
            list_add(ret, names.v[k]);
        }
    }
    return 0;
}

static int
find_by_prefix(const struct engine *engine, const char *prefix, char ret[ID_LEN + 1],
               struct err *e)
{
    auto_list ids = {0};
    const char *found = NULL;
    TRY(record_ids(engine, &ids, e));
    for (size_t i = 0; i < ids.n; i++) {
        if (!str_starts(ids.v[i], prefix))
            continue;
        if (found != NULL)
            return err_set(e, ERR_CONFLICT,
                           "several containers have an id that begins with %s: type more "
                           "of it",
                           prefix);
        found = ids.v[i];
    }
    if (found == NULL)
        return err_set(e, ERR_NOT_FOUND, "No such container: %s", prefix);
    memcpy(ret, found, ID_LEN + 1);
    return 0;
}

int
record_find(const struct engine *engine, const char *words, struct record *ret,
            struct err *e)
{
    char id[ID_LEN + 1];
    if (words[0] == '/')
        words++;
    if (id_is_valid(words))
        memcpy(id, words, sizeof(id));
    else if (name_look_up(engine, words, id) < 0) {
        if (words[0] == '\0' || strspn(words, "0123456789abcdef") != strlen(words))
            return err_set(e, ERR_NOT_FOUND, "No such container: %s", words);
        TRY(find_by_prefix(engine, words, id, e));
    }
    int r = record_load(engine, id, ret, e);
    return r == -ENOENT ? err_set(e, ERR_NOT_FOUND, "No such container: %s", words) : r;
}

int
record_write(const struct record *record, struct err *e)
{
    auto_text out = {0};
    json_write(&out, json_root(record->doc), 4);
    text_add_char(&out, '\n');
    return err_sys(e,
                   file_replace_at(record->home_fd, RECORD_FILE, out.data, out.len, 0600,
                                   !record->is_transient),
                   "write container %.12s's %s", record->id, RECORD_FILE);
}

int
record_lock(const struct record *record, struct err *e)
{
    auto_close int fd = lock_wait(record->home_fd, "lock");
    struct stat st;
    if (fd == -ENOENT || (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0))
        return err_set(e, ERR_NOT_FOUND, "No such container: %s", record->id);
    TRY(err_sys(e, fd, "lock container %.12s", record->id));
    return take_fd(&fd);
}
