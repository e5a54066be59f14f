/* bpf.h - bpf(2), as far as device rules of cgroup v2 need it.
 *
 * A program of type BPF_PROG_TYPE_CGROUP_DEVICE is asked whenever a process of the group, or
 * of one below it, opens or makes a device node. Where several are attached, all must agree.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINUX_BPF_H
#define LINUX_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* BPF_PROG_LOAD: a descriptor (close-on-exec). The verifier's words about a refused program
 * go to log, "" if there are none; log may be NULL. */
int lx_bpf_load_device(const struct bpf_insn *code, size_t n, char *log, size_t size);

/* BPF_PROG_ATTACH to the cgroup, in place of the program replace_fd if that is >= 0, else
 * beside those that are there. */
int lx_bpf_attach_device(int cgroup_fd, int program_fd, int replace_fd);

/* BPF_PROG_QUERY: ids of the programs attached to this very cgroup; *n is the room, then how
 * many there are. */
int lx_bpf_query_device(int cgroup_fd, uint32_t *ids, uint32_t *n);

/* BPF_PROG_GET_FD_BY_ID. */
int lx_bpf_program_by_id(uint32_t id);

#endif
