/* pause.c - `sampan-runtime pause`: every process of the container stands still.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/verbs.h"

int
verb_pause(const struct arguments *a, struct err *e)
{
    auto_record record;
    TRY(record_open(a->root, a->operands[0], &record, e));
    TRY(check_status(&record, 1 << OCI_RUNNING | 1 << OCI_CREATED, "pause", e));
    return container_pause(&record.container, e);
}
