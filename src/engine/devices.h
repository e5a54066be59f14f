/* devices.h - a container's device nodes and the rules of what it may do with them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENGINE_DEVICES_H
#define ENGINE_DEVICES_H

#include "base/error.h"
#include "base/json.h"

/* From HostConfig's Devices, DeviceCgroupRules and Privileged into linux.devices and
 * linux.resources.devices. */
int devices_add(struct json_doc *doc, struct json *linux_, struct json *resources,
                const struct json *host, struct err *e);

#endif
