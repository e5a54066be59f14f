/* rename.c - the new name is taken, written down, and only then the old one given back: at
 * each moment the container can be found by the name that its record says.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/rename.h"

int
engine_rename(const struct engine *engine, const struct record *record, const char *name,
              struct err *e)
{
    TRY(name_check(name, e));
    if (record->is_transient)
        return err_set(e, ERR_CONFLICT, "container %.12s runs with --rm: it keeps its name",
                       record->id);
    if (str_eq(name, record_name(record)))
        return err_set(e, ERR_INVALID,
                       "Renaming a container with the same name as its current name");
    int r = name_take(engine, name, record->id);
    if (r == -EEXIST)
        return err_set(e, ERR_CONFLICT,
                       "Conflict. The container name \"/%s\" is already in use: remove or "
                       "rename that container",
                       name);
    TRY(err_sys(e, r, "take the name %s", name));

    auto_free char *old = str_copy(record_name(record));
    auto_free char *with_slash = str_format("/%s", name);
    json_set_str(record->doc, json_root(record->doc), "Name", with_slash);
    r = record_write(record, e);
    name_give(engine, r < 0 ? name : old, record->id);
    return r;
}
