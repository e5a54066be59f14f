/* start.c - `sampan-runtime start`: knocks at the gate of a created container.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/log.h"
#include "cli/runtime/verbs.h"

void
run_late_hooks(const struct arguments *a, const struct record *record,
               enum hook_moment moment)
{
    struct err e;
    if (!record->spec)
        return; /* it was not read, because there are none */
    const struct hook_subject subject = {
        .id = record->id,
        .bundle = record->bundle,
        .spec = record->spec,
        .pid = moment == HOOK_POSTSTART ? record->container.pid : 0,
    };
    if (hooks_run(moment, &subject, &e) < 0)
        log_warning(a, "%s", e.text);
}

int
verb_start(const struct arguments *a, struct err *e)
{
    auto_record record;
    TRY(record_find_locked(a->root, a->operands[0], &record, e));
    TRY(record_read_for_hooks(&record, e));
    TRY(check_status(&record, 1 << OCI_CREATED, "start", e));
    record.container.gate_fd = record_connect(&record, e);
    TRY(record.container.gate_fd);
    record_close_gate(&record); /* one start only */
    TRY(container_start(&record.container, e));
    run_late_hooks(a, &record, HOOK_POSTSTART);
    return 0;
}
