/* test-device-program.c - device rules, asked through an interpreter of their program.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/device_program.h"

enum {
    M = BPF_DEVCG_ACC_MKNOD,
    R = BPF_DEVCG_ACC_READ,
    W = BPF_DEVCG_ACC_WRITE,
    BLOCK = BPF_DEVCG_DEV_BLOCK,
    CHAR = BPF_DEVCG_DEV_CHAR,
};

/* The instructions that the compiler writes; anything else fails. */
static bool
run(const struct bpf_insn *code, size_t n, const struct bpf_cgroup_dev_ctx *context)
{
    uint32_t reg[11] = {0};
    for (size_t at = 0; at < n; at++) {
        const struct bpf_insn *i = &code[at];
        uint32_t *to = &reg[i->dst_reg];
        switch (i->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            assert_true(i->src_reg == BPF_REG_1 && i->off >= 0 && i->off <= 8);
            memcpy(to, (const char *)context + i->off, sizeof *to);
            break;
        case BPF_ALU | BPF_MOV | BPF_X:
            *to = reg[i->src_reg];
            break;
        case BPF_ALU | BPF_MOV | BPF_K:
            *to = (uint32_t)i->imm;
            break;
        case BPF_ALU | BPF_RSH | BPF_K:
            *to >>= i->imm;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            *to &= (uint32_t)i->imm;
            break;
        case BPF_JMP32 | BPF_JNE | BPF_K:
            at += *to != (uint32_t)i->imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP32 | BPF_JEQ | BPF_K:
            at += *to == (uint32_t)i->imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return reg[0];
        default:
            fail_msg("instruction %zu has code %#x", at, i->code);
        }
    }
    fail_msg("ran over the end");
    return false;
}

/* Is it allowed under these rules and the ones that every container has? */
static bool
may(struct oci_device_rule *rules, size_t n, uint32_t type, uint32_t major, uint32_t minor,
    uint32_t access)
{
    struct err e = {0};
    struct oci_device_rules list = {rules, n};
    auto_free struct device_rule *all = NULL;
    auto_free struct bpf_insn *code = NULL;
    size_t n_all, length;
    struct bpf_cgroup_dev_ctx context = {access << 16 | type, major, minor};
    if (device_rules_read(&list, &all, &n_all, &e) < 0)
        fail_msg("%s", e.text);
    device_program_compile(all, n_all, &code, &length);
    return run(code, length, &context);
}

static struct oci_device_rule
rule(bool allow, char *type, int64_t major, int64_t minor, char *access)
{
    struct oci_device_rule r = {.allow = allow, .type = type, .access = access};
    if (major >= 0)
        r.major = (struct oci_opt_i64){true, major};
    if (minor >= 0)
        r.minor = (struct oci_opt_i64){true, minor};
    return r;
}

static void
test_without_rules_only_the_usual_devices_open(void **state)
{
    (void)state;
    assert_true(may(NULL, 0, CHAR, 1, 3, R | W));
    assert_true(may(NULL, 0, CHAR, 1, 9, R));
    assert_true(may(NULL, 0, CHAR, 5, 2, R | W));
    assert_true(may(NULL, 0, CHAR, 136, 77, R | W));
    assert_true(may(NULL, 0, CHAR, 10, 229, M)); /* making a node is not opening it */
    assert_true(may(NULL, 0, BLOCK, 8, 0, M));
    assert_false(may(NULL, 0, CHAR, 1, 1, R));  /* mem */
    assert_false(may(NULL, 0, CHAR, 1, 11, R)); /* kmsg */
    assert_false(may(NULL, 0, BLOCK, 1, 3, R)); /* same numbers, other type */
    assert_false(may(NULL, 0, BLOCK, 8, 0, R));
    assert_false(may(NULL, 0, BLOCK, 8, 0, R | M));
}

static void
test_a_device_is_added_with_the_access_that_the_rule_says(void **state)
{
    (void)state;
    struct oci_device_rule rules[] = {rule(false, "a", -1, -1, "rwm"),
                                      rule(true, "c", 10, 229, "r")};
    assert_true(may(rules, 2, CHAR, 10, 229, R));
    assert_true(may(rules, 2, CHAR, 10, 229, R | M)); /* m from the usual rules */
    assert_false(may(rules, 2, CHAR, 10, 229, W));
    assert_false(may(rules, 2, CHAR, 10, 229, R | W));
    assert_false(may(rules, 2, CHAR, 10, 228, R));
}

static void
test_several_rules_may_grant_one_request_together(void **state)
{
    (void)state;
    struct oci_device_rule rules[] = {rule(true, "b", 8, -1, "r"),
                                      rule(true, "b", 8, 1, "w")};
    assert_true(may(rules, 2, BLOCK, 8, 1, R | W));
    assert_false(may(rules, 2, BLOCK, 8, 2, R | W));
}

static void
test_the_last_rule_that_speaks_of_a_device_decides(void **state)
{
    (void)state;
    struct oci_device_rule all_but[] = {rule(true, "a", -1, -1, NULL),
                                        rule(false, "c", 1, 1, "rwm"),
                                        rule(false, "b", 8, 0, "w")};
    assert_true(may(all_but, 3, CHAR, 10, 1, R | W));
    assert_false(may(all_but, 3, CHAR, 1, 1, R));
    assert_true(may(all_but, 3, BLOCK, 8, 0, R));
    assert_false(may(all_but, 3, BLOCK, 8, 0, R | W));
    struct oci_device_rule allowed_again[] = {rule(false, "c", 10, 1, "rwm"),
                                              rule(true, "c", 10, -1, "rwm")};
    assert_true(may(allowed_again, 2, CHAR, 10, 1, R | W));
}

static void
test_a_rule_for_all_with_part_of_the_accesses(void **state)
{
    (void)state;
    struct oci_device_rule rules[] = {rule(true, "a", -1, -1, "r")};
    assert_true(may(rules, 1, BLOCK, 8, 0, R));
    assert_false(may(rules, 1, BLOCK, 8, 0, W));
}

static void
test_bad_rules_are_refused_by_the_name_of_their_field(void **state)
{
    (void)state;
    static const struct {
        char *type, *access;
        int64_t major;
        const char *words;
    } bad[] = {
        {"x",  "r",  1,                "devices[0].type"  },
        {"cc", "r",  1,                "devices[0].type"  },
        {"c",  "rx", 1,                "devices[0].access"},
        {"c",  "r",  INT64_C(1) << 33, "devices[0].major" },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        struct oci_device_rule one = rule(true, bad[i].type, bad[i].major, -1,
                                          bad[i].access);
        struct oci_device_rules list = {&one, 1};
        struct device_rule *all;
        size_t n;
        assert_true(device_rules_read(&list, &all, &n, &e) < 0);
        assert_non_null(strstr(e.text, bad[i].words));
    }
}

static void
test_rules_that_every_container_has_name_no_device(void **state)
{
    (void)state;
    struct oci_device_rule usual[] = {
        rule(false, "a", -1, -1, "rwm"),  rule(true, "c", -1, -1, "m"),
        rule(true, "c", 1, 3, "rwm"),     rule(true, "c", 136, 0, "rwm"),
        rule(false, "c", 10, 229, "rwm"), rule(true, "b", 8, -1, "r"),
    };
    struct oci_device_rule fuse = rule(true, "c", 10, 229, "rwm");
    assert_false(device_rules_name_devices(&(struct oci_device_rules){usual, 6}));
    assert_true(device_rules_name_devices(&(struct oci_device_rules){&fuse, 1}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_rules_only_the_usual_devices_open),
        cmocka_unit_test(test_a_device_is_added_with_the_access_that_the_rule_says),
        cmocka_unit_test(test_several_rules_may_grant_one_request_together),
        cmocka_unit_test(test_the_last_rule_that_speaks_of_a_device_decides),
        cmocka_unit_test(test_a_rule_for_all_with_part_of_the_accesses),
        cmocka_unit_test(test_bad_rules_are_refused_by_the_name_of_their_field),
        cmocka_unit_test(test_rules_that_every_container_has_name_no_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
