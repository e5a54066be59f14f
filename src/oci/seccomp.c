/* seccomp.c - config.json's "linux.seccomp" (runtime-spec, config-linux.md, "Seccomp").
 * The words become the kernel's own numbers here; runtime/seccomp makes the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oci/seccomp.h"

#include "linux/privilege.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static const struct oci_word actions[] = {
    {"SCMP_ACT_ALLOW",        SECCOMP_RET_ALLOW       },
    {"SCMP_ACT_ERRNO",        SECCOMP_RET_ERRNO       },
    {"SCMP_ACT_KILL_THREAD",  SECCOMP_RET_KILL_THREAD },
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
    {"SCMP_ACT_KILL",         SECCOMP_RET_KILL_THREAD }, /* its older name */
    {"SCMP_ACT_TRAP",         SECCOMP_RET_TRAP        },
    {"SCMP_ACT_TRACE",        SECCOMP_RET_TRACE       },
    {"SCMP_ACT_LOG",          SECCOMP_RET_LOG         },
    {"SCMP_ACT_NOTIFY",       SECCOMP_RET_USER_NOTIF  },
    {NULL,                    0                       },
};

static const struct oci_word flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC",              SECCOMP_FILTER_FLAG_TSYNC             },
    {"SECCOMP_FILTER_FLAG_LOG",                SECCOMP_FILTER_FLAG_LOG               },
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW",         SECCOMP_FILTER_FLAG_SPEC_ALLOW        },
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
    {NULL,                                     0                                     },
};

static const struct oci_word operators[] = {
    {"SCMP_CMP_NE",        OCI_SECCOMP_NE       },
    {"SCMP_CMP_LT",        OCI_SECCOMP_LT       },
    {"SCMP_CMP_LE",        OCI_SECCOMP_LE       },
    {"SCMP_CMP_EQ",        OCI_SECCOMP_EQ       },
    {"SCMP_CMP_GE",        OCI_SECCOMP_GE       },
    {"SCMP_CMP_GT",        OCI_SECCOMP_GT       },
    {"SCMP_CMP_MASKED_EQ", OCI_SECCOMP_MASKED_EQ},
    {NULL,                 0                    },
};

#define ARG(member, name, kind, ...) \
    FIELD(struct oci_seccomp_arg, member, name, kind, ##__VA_ARGS__)
static const struct oci_field arg_fields[] = {
    ARG(index, "index", OCI_U32, .is_required = true, .most = 5),
    ARG(value, "value", OCI_U64, .is_required = true),
    ARG(value_two, "valueTwo", OCI_U64),
    ARG(op, "op", OCI_WORD, .words = operators, .is_required = true),
};
static const struct oci_table arg_table = OCI_TABLE(struct oci_seccomp_arg, arg_fields);

#define RULE(member, name, kind, ...) \
    FIELD(struct oci_seccomp_rule, member, name, kind, ##__VA_ARGS__)
static const struct oci_field rule_fields[] = {
    RULE(names, "names", OCI_LIST, .is_required = true),
    RULE(action, "action", OCI_WORD, .words = actions, .is_required = true),
    RULE(errno_ret, "errnoRet", OCI_OPT_U64, .most = 4095),
    RULE(args, "args", OCI_ARRAY, .table = &arg_table),
};
static const struct oci_table rule_table = OCI_TABLE(struct oci_seccomp_rule, rule_fields);

#define SECCOMP(member, name, kind, ...) \
    FIELD(struct oci_seccomp, member, name, kind, ##__VA_ARGS__)
static const struct oci_field seccomp_fields[] = {
    SECCOMP(default_action, "defaultAction", OCI_WORD, .words = actions,
            .is_required = true),
    SECCOMP(default_errno_ret, "defaultErrnoRet", OCI_OPT_U64, .most = 4095),
    SECCOMP(architectures, "architectures", OCI_LIST),
    SECCOMP(flags, "flags", OCI_BITS, .words = flags),
    SECCOMP(listener_path, "listenerPath", OCI_TEXT),
    SECCOMP(listener_metadata, "listenerMetadata", OCI_TEXT),
    SECCOMP(syscalls, "syscalls", OCI_ARRAY, .table = &rule_table),
};
const struct oci_table oci_seccomp_table = OCI_TABLE(struct oci_seccomp, seccomp_fields);

int
oci_seccomp_check(const struct oci_seccomp *seccomp, struct err *e)
{
    const char *path = seccomp->listener_path;
    if (path && path[0] != '/')
        return err_set(e, ERR_INVALID,
                       "linux.seccomp.listenerPath: must be absolute, is \"%s\"", path);
    if (seccomp->listener_metadata && !path)
        return err_set(e, ERR_INVALID,
                       "linux.seccomp.listenerMetadata: set without listenerPath");
    for (size_t i = 0; i < seccomp->syscalls.n; i++)
        if (seccomp->syscalls.v[i].names.n == 0)
            return err_set(e, ERR_INVALID, "linux.seccomp.syscalls[%zu].names: is empty",
                           i);
    return 0;
}
