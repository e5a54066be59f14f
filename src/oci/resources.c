/* resources.c - config.json's "linux.resources" (runtime-spec, config-linux.md, "Control
 * groups"). What the values mean, and which of them this kernel has, is the business of
 * runtime/cgroup.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/resources.h"

#define RULE(member, name, kind, ...) \
    FIELD(struct oci_device_rule, member, name, kind, ##__VA_ARGS__)
static const struct oci_field device_fields[] = {
    RULE(allow, "allow", OCI_BOOL, .is_required = true),
    RULE(type, "type", OCI_TEXT),
    RULE(major, "major", OCI_OPT_I64),
    RULE(minor, "minor", OCI_OPT_I64),
    RULE(access, "access", OCI_TEXT),
};
static const struct oci_table device_table = OCI_TABLE(struct oci_device_rule,
                                                       device_fields);

#define MEMORY(member, name, kind) FIELD(struct oci_memory, member, name, kind)
static const struct oci_field memory_fields[] = {
    MEMORY(limit, "limit", OCI_OPT_I64),
    MEMORY(reservation, "reservation", OCI_OPT_I64),
    MEMORY(swap, "swap", OCI_OPT_I64),
    MEMORY(kernel, "kernel", OCI_OPT_I64),
    MEMORY(kernel_tcp, "kernelTCP", OCI_OPT_I64),
    MEMORY(swappiness, "swappiness", OCI_OPT_U64),
    MEMORY(disable_oom_killer, "disableOOMKiller", OCI_OPT_BOOL),
    MEMORY(use_hierarchy, "useHierarchy", OCI_OPT_BOOL),
    MEMORY(check_before_update, "checkBeforeUpdate", OCI_OPT_BOOL),
};
static const struct oci_table memory_table = OCI_TABLE(struct oci_memory, memory_fields);

#define CPU(member, name, kind) FIELD(struct oci_cpu, member, name, kind)
static const struct oci_field cpu_fields[] = {
    CPU(shares, "shares", OCI_OPT_U64),
    CPU(quota, "quota", OCI_OPT_I64),
    CPU(burst, "burst", OCI_OPT_U64),
    CPU(period, "period", OCI_OPT_U64),
    CPU(realtime_runtime, "realtimeRuntime", OCI_OPT_I64),
    CPU(realtime_period, "realtimePeriod", OCI_OPT_U64),
    CPU(cpus, "cpus", OCI_TEXT),
    CPU(mems, "mems", OCI_TEXT),
    CPU(idle, "idle", OCI_OPT_I64),
};
static const struct oci_table cpu_table = OCI_TABLE(struct oci_cpu, cpu_fields);

static const struct oci_field pids_fields[] = {
    FIELD(struct oci_resources, pids.limit, "limit", OCI_OPT_I64),
};
static const struct oci_table pids_table = OCI_TABLE(struct oci_resources, pids_fields);

#define WEIGHT(member, name, kind, ...) \
    FIELD(struct oci_weight_device, member, name, kind, ##__VA_ARGS__)
static const struct oci_field weight_fields[] = {
    WEIGHT(major, "major", OCI_I64, .is_required = true),
    WEIGHT(minor, "minor", OCI_I64, .is_required = true),
    WEIGHT(weight, "weight", OCI_OPT_U64, .most = 65535),
    WEIGHT(leaf_weight, "leafWeight", OCI_OPT_U64, .most = 65535),
};
static const struct oci_table weight_table = OCI_TABLE(struct oci_weight_device,
                                                       weight_fields);

#define THROTTLE(member, name, kind) \
    FIELD(struct oci_throttle_device, member, name, kind, .is_required = true)
static const struct oci_field throttle_fields[] = {
    THROTTLE(major, "major", OCI_I64),
    THROTTLE(minor, "minor", OCI_I64),
    THROTTLE(rate, "rate", OCI_U64),
};
static const struct oci_table throttle_table = OCI_TABLE(struct oci_throttle_device,
                                                         throttle_fields);

#define BLOCK_IO(member, name, kind, ...) \
    FIELD(struct oci_block_io, member, name, kind, ##__VA_ARGS__)
static const struct oci_field block_io_fields[] = {
    BLOCK_IO(weight, "weight", OCI_OPT_U64, .most = 65535),
    BLOCK_IO(leaf_weight, "leafWeight", OCI_OPT_U64, .most = 65535),
    BLOCK_IO(weight_device, "weightDevice", OCI_ARRAY, .table = &weight_table),
    BLOCK_IO(throttle_read_bps_device, "throttleReadBpsDevice", OCI_ARRAY,
             .table = &throttle_table),
    BLOCK_IO(throttle_write_bps_device, "throttleWriteBpsDevice", OCI_ARRAY,
             .table = &throttle_table),
    BLOCK_IO(throttle_read_iops_device, "throttleReadIOPSDevice", OCI_ARRAY,
             .table = &throttle_table),
    BLOCK_IO(throttle_write_iops_device, "throttleWriteIOPSDevice", OCI_ARRAY,
             .table = &throttle_table),
};
static const struct oci_table block_io_table = OCI_TABLE(struct oci_block_io,
                                                         block_io_fields);

static const struct oci_field hugepage_fields[] = {
    FIELD(struct oci_hugepage_limit, page_size, "pageSize", OCI_TEXT, .is_required = true),
    FIELD(struct oci_hugepage_limit, limit, "limit", OCI_U64, .is_required = true),
};
static const struct oci_table hugepage_table = OCI_TABLE(struct oci_hugepage_limit,
                                                         hugepage_fields);

static const struct oci_field priority_fields[] = {
    FIELD(struct oci_net_priority, name, "name", OCI_TEXT, .is_required = true),
    FIELD(struct oci_net_priority, priority, "priority", OCI_U32, .is_required = true),
};
static const struct oci_table priority_table = OCI_TABLE(struct oci_net_priority,
                                                         priority_fields);

static const struct oci_field network_fields[] = {
    FIELD(struct oci_resources, network.class_id, "classID", OCI_OPT_U64,
          .most = UINT32_MAX),
    FIELD(struct oci_resources, network.priorities, "priorities", OCI_ARRAY,
          .table = &priority_table),
};
static const struct oci_table network_table = OCI_TABLE(struct oci_resources,
                                                        network_fields);

static const struct oci_field rdma_fields[] = {
    FIELD(struct oci_rdma_limit, hca_handles, "hcaHandles", OCI_OPT_U64,
          .most = UINT32_MAX),
    FIELD(struct oci_rdma_limit, hca_objects, "hcaObjects", OCI_OPT_U64,
          .most = UINT32_MAX),
};
static const struct oci_table rdma_table = OCI_TABLE(struct oci_rdma_limit, rdma_fields);

#define RESOURCE(member, name, kind, ...) \
    FIELD(struct oci_resources, member, name, kind, ##__VA_ARGS__)
static const struct oci_field resources_fields[] = {
    RESOURCE(devices, "devices", OCI_ARRAY, .table = &device_table),
    RESOURCE(memory, "memory", OCI_OBJECT, .table = &memory_table),
    RESOURCE(cpu, "cpu", OCI_OBJECT, .table = &cpu_table),
    FIELD_NESTED("pids", &pids_table),
    RESOURCE(block_io, "blockIO", OCI_OBJECT, .table = &block_io_table),
    RESOURCE(hugepage_limits, "hugepageLimits", OCI_ARRAY, .table = &hugepage_table),
    FIELD_NESTED("network", &network_table),
    RESOURCE(rdma, "rdma", OCI_MAP, .table = &rdma_table),
    RESOURCE(unified, "unified", OCI_PAIRS),
};
const struct oci_table oci_resources_table = OCI_TABLE(struct oci_resources,
                                                       resources_fields);
