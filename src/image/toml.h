/* toml.h - the part of TOML 1.0 that registries.conf is written in, read into a JSON tree.
 *
 * Tables, arrays of tables, dotted and quoted keys, strings on one line, booleans, whole
 * numbers, arrays, inline tables. What else there is in TOML (dates, fractions, strings over
 * several lines) is an error that names the line, and so is a key that comes twice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_TOML_H
#define IMAGE_TOML_H

#include "base/json.h"

/* Reads len bytes; *ret's root is the object of all. -EINVAL with "line 3: ..." in e. */
int toml_parse(const char *s, size_t len, struct json_doc **ret, struct err *e);

#endif
