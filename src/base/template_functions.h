/* template_functions.h - the functions that a template can call.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_TEMPLATE_FUNCTIONS_H
#define BASE_TEMPLATE_FUNCTIONS_H

#include "base/json.h"
#include "base/template_tree.h"

#define ARGUMENTS_MOST 32

/* One call: of which function, where it stands, and with which values. */
struct call {
    const struct operand *at;
    const struct json *v[ARGUMENTS_MOST];
    size_t n;
    struct json_doc *scratch; /* owns the values that functions make */
    struct err *e;
};

/* Calls the function that at->name says. ERR_INVALID if there is none, or it wants other
 * arguments. */
int template_call(struct call *call, const struct json **ret);

/* Says that the template went wrong at this operand; returns err_set's result. */
int template_wrong(struct err *e, const struct operand *at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
