/* names.c - the index of names: links whose text is an id.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/names.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"

int
name_take(const struct engine *engine, const char *name, const char *id)
{
    return lx_symlinkat(id, engine->names_fd, name);
}

int
name_look_up(const struct engine *engine, const char *name, char ret[ID_LEN + 1])
{
    struct err ignored;
    auto_free char *id = NULL;
    if (name_check(name, &ignored) < 0)
        return -ENOENT;
    TRY(file_read_link_at(engine->names_fd, name, &id));
    if (!id_is_valid(id))
        return -EINVAL;
    memcpy(ret, id, ID_LEN + 1);
    return 0;
}

void
name_give(const struct engine *engine, const char *name, const char *id)
{
    char owner[ID_LEN + 1];
    if (name_look_up(engine, name, owner) == 0 && str_eq(owner, id))
        lx_unlinkat(engine->names_fd, name, 0);
}
