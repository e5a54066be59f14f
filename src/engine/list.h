/* list.h - all containers, or those that filters let through.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_LIST_H
#define ENGINE_LIST_H

#include "engine/record.h"

struct records {
    struct record *v;
    size_t n;
};
#define auto_records __attribute__((cleanup(records_done))) struct records

void records_done(struct records *records);

struct list_request {
    bool want_all;        /* also those that do not run */
    int most;             /* only the newest ones; 0: all. Implies want_all */
    struct list *filters; /* "key=value"; the same key: or, different keys: and */
};

/* Newest first. Waits for nobody: each container costs a few small reads. One that goes
 * away meanwhile, or cannot be read, is left out. Unknown filters: ERR_INVALID. */
int engine_list(const struct engine *engine, const struct list_request *request,
                struct records *ret, struct err *e);

#endif
