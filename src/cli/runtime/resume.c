/* resume.c - `sampan-runtime resume`: the processes of a paused container go on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/verbs.h"

int
verb_resume(const struct arguments *a, struct err *e)
{
    auto_record record;
    bool is_frozen = false;
    TRY(record_open(a->root, a->operands[0], &record, e));
    TRY(cgroup_is_frozen(&record.container.cgroup, &is_frozen, e));
    if (!is_frozen)
        return err_set(e, ERR_CONFLICT, "cannot resume %s: container not paused",
                       record.id);
    return container_resume(&record.container, e);
}
