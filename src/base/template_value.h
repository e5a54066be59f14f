/* template_value.h - what a template does with a value, whatever the value is.
 *
 * Values are JSON nodes; NULL is a value that is missing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_TEMPLATE_VALUE_H
#define BASE_TEMPLATE_VALUE_H

#include "base/json.h"

/* Appends the value as Go prints it: [a b], map[k:v], <no value>. */
void template_print(struct text *out, const struct json *value);

/* The same in t alone, whose old text goes. Good until t changes. */
const char *template_text(struct text *t, const struct json *value);

/* What {{if}} asks: not missing, not false, not 0, not empty. */
bool template_is_true(const struct json *value);

/* -1, 0, 1; numbers by value, all else by text. */
int template_compare(const struct json *a, const struct json *b);

#endif
