/* id_maps.h - which ids of a user namespace are which outside (user_namespaces(7)).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_ID_MAPS_H
#define RUNTIME_ID_MAPS_H

#include <sys/types.h>

#include "base/error.h"
#include "oci/spec.h"

/* Writes the maps of a process in a new user namespace. Who may not write them (an ordinary
 * user, but for the own id alone) has newuidmap(1) and newgidmap(1) do it, by what
 * /etc/subuid and /etc/subgid grant. `field`: "linux.", for errors. */
int id_maps_write(pid_t pid, const struct oci_id_maps *uids, const struct oci_id_maps *gids,
                  const char *field, struct err *e);

/* A user namespace with these maps and nobody in it, as a descriptor: for idmapped mounts. */
int id_maps_open(const struct oci_id_maps *uids, const struct oci_id_maps *gids,
                 const char *field, struct err *e);

#endif
