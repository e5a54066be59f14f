/* devices.h - what is in a container's /dev.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_DEVICES_H
#define RUNTIME_DEVICES_H

#include "base/error.h"
#include "oci/spec.h"

/* Fills dev, the root of a fresh tmpfs attached as the container's /dev: the nodes and
 * links that every container has (config-linux.md, "Default Devices"). */
int devices_fill_dev(int dev, struct err *e);

/* Makes linux.devices, anywhere below root. One that is there already as it is wanted is
 * left alone. */
int devices_make(int root, const struct oci_devices *devices, struct err *e);

/* The machine's /dev/null (character device 1:3, checked) as a descriptor to bind from:
 * opened by the child, in its own mount namespace, while "/" is still the host's. */
int devices_open_null(struct err *e);

#endif
