/* resources.h - memory, cpu, io, pids and devices of HostConfig in the words of OCI.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_RESOURCES_H
#define ENGINE_RESOURCES_H

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* Adds "resources" (and "devices") to linux_. What contradicts itself, or no machine could
 * grant, is refused here with the option's name; what this kernel lacks, by the runtime. */
int resources_add(struct json_doc *doc, struct json *linux_, const struct json *host,
                  struct list *warnings, struct err *e);

#endif
