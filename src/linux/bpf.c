/* bpf.c - programs of the extended BPF machine: loaded, attached, listed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "linux/bpf.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/result.h"
#include "linux/trace.h"

static int
bpf(int command, union bpf_attr *attr)
{
    return lx_result(syscall(SYS_bpf, command, attr, sizeof *attr));
}

static uint64_t
pointer(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

int
lx_bpf_load_device(const struct bpf_insn *code, size_t n, char *log, size_t size)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = pointer(code);
    attr.insn_cnt = (uint32_t)n;
    attr.license = pointer("MIT");
    strcpy(attr.prog_name, "sampan_devices");
    int r = bpf(BPF_PROG_LOAD, &attr);
    if (r < 0 && log) {
        log[0] = '\0';
        attr.log_level = 1;
        attr.log_buf = pointer(log);
        attr.log_size = (uint32_t)size;
        bpf(BPF_PROG_LOAD, &attr); /* once more, for the log alone */
    }
    lx_trace("bpf", r, "BPF_PROG_LOAD CGROUP_DEVICE %zu instructions", n);
    return r;
}

int
lx_bpf_attach_device(int cgroup_fd, int program_fd, int replace_fd)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.target_fd = (uint32_t)cgroup_fd;
    attr.attach_bpf_fd = (uint32_t)program_fd;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    if (replace_fd >= 0) {
        attr.attach_flags |= BPF_F_REPLACE;
        attr.replace_bpf_fd = (uint32_t)replace_fd;
    }
    int r = bpf(BPF_PROG_ATTACH, &attr);
    lx_trace("bpf", r, "BPF_PROG_ATTACH CGROUP_DEVICE cgroup=%d program=%d replaced=%d",
             cgroup_fd, program_fd, replace_fd);
    return r;
}

int
lx_bpf_query_device(int cgroup_fd, uint32_t *ids, uint32_t *n)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.query.target_fd = (uint32_t)cgroup_fd;
    attr.query.attach_type = BPF_CGROUP_DEVICE;
    attr.query.prog_ids = pointer(ids);
    attr.query.prog_cnt = *n;
    int r = bpf(BPF_PROG_QUERY, &attr);
    lx_trace("bpf", r, "BPF_PROG_QUERY CGROUP_DEVICE cgroup=%d", cgroup_fd);
    if (r >= 0)
        *n = attr.query.prog_cnt;
    return r;
}

int
lx_bpf_program_by_id(uint32_t id)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_id = id;
    int r = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
    lx_trace("bpf", r, "BPF_PROG_GET_FD_BY_ID %u", id);
    return r;
}
