/* test-seccomp-kernel.c - the default filter on this kernel, asked by real calls.
 *
 * A child installs the filter and makes every call of its architecture that the filter is
 * to refuse: each must fail with the very errno, and none may be carried out. Of the calls
 * that are allowed only harmless ones can be tried.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/process.h"
#include "linux/syscalls.h"
#include "runtime/seccomp.h"

enum { NUMBERS = 600 };

/* The numbers that no rule allows, for any arguments: not named by an ALLOW rule. */
static void
mark_mentioned(bool mentioned[NUMBERS], uint64_t caps)
{
    struct oci_seccomp *profile = seccomp_default_profile(caps);
    for (size_t i = 0; i < profile->syscalls.n; i++)
        for (size_t j = 0; j < profile->syscalls.v[i].names.n; j++) {
            const struct lx_syscall *call =
                lx_syscall_find(profile->syscalls.v[i].names.v[j]);
            if (call && call->number[LX_ARCH_NATIVE] >= 0 &&
                call->number[LX_ARCH_NATIVE] < NUMBERS &&
                profile->syscalls.v[i].action == SECCOMP_RET_ALLOW)
                mentioned[call->number[LX_ARCH_NATIVE]] = true;
        }
    seccomp_profile_free(profile);
}

/* Runs in a child: its exit status is 0, or which check failed. */
static int
in_filtered_child(uint64_t caps, int (*check)(const bool *mentioned))
{
    static bool mentioned[NUMBERS];
    memset(mentioned, 0, sizeof mentioned);
    mark_mentioned(mentioned, caps);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        auto_seccomp program = {0};
        struct err e;
        if (seccomp_default(caps, &program, &e) < 0 ||
            lx_prctl("PR_SET_NO_NEW_PRIVS 1", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            seccomp_install(&program, &e) < 0)
            _exit(1);
        _exit(check(mentioned));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
check_refused(const bool *mentioned)
{
    int refused = 0;
    for (int number = 0; number < NUMBERS; number++) {
        if (mentioned[number])
            continue;
        errno = 0;
        long r = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
        bool is_clone3 = number == SYS_clone3;
        bool is_newer = number > 470;
        if (r != -1 || (errno != EPERM && errno != ENOSYS) ||
            ((is_clone3 || is_newer) && errno != ENOSYS) ||
            (!is_clone3 && number < 402 && errno != EPERM)) {
            dprintf(2, "call %d: %ld, errno %d\n", number, r, errno);
            return 2;
        }
        refused++;
    }
    dprintf(1, "%d calls refused\n", refused);
    return refused > 100 ? 0 : 3;
}

static int
check_allowed(const bool *mentioned)
{
    (void)mentioned;
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0 && errno == EPERM)
            return 2;
    static const int refused[] = {AF_ALG, AF_VSOCK, AF_PACKET};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (socket(refused[i], SOCK_DGRAM, 0) >= 0 || errno != EPERM)
            return 3;
        if (syscall(SYS_socket, (1L << 32) + refused[i], SOCK_DGRAM, 0) >= 0 ||
            errno != EPERM)
            return 4;
    }
    if (socket(AF_INET, SOCK_RAW, 1) >= 0 || errno != EPERM)
        return 5;
    if (getppid() < 0 || getuid() == (uid_t)-1)
        return 6;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : 7;
}

static void
test_the_kernel_refuses_what_the_filter_is_to_refuse(void **state)
{
    (void)state;
    assert_int_equal(in_filtered_child(0, check_refused), 0);
}

static void
test_the_kernel_lets_ordinary_calls_through(void **state)
{
    (void)state;
    assert_int_equal(in_filtered_child(0, check_allowed), 0);
}

#if defined(__x86_64__)
static int
check_other_abis(const bool *mentioned)
{
    (void)mentioned;
    if (syscall(0x40000000 | SYS_getpid) != -1 || errno != ENOSYS)
        return 2;
    /* int $0x80 is i386's way in: 102 is its socketcall, 20 its getpid. */
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(102), "b"(1), "c"(0) : "memory");
    if (r != -ENOSYS)
        return 3;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
    return r == getpid() || r == -ENOSYS ? 0 : 4; /* a kernel may be without i386 */
}

static void
test_the_other_abis_are_filtered_too(void **state)
{
    (void)state;
    int r = in_filtered_child(0, check_other_abis);
    assert_int_equal(r, 0);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kernel_refuses_what_the_filter_is_to_refuse),
        cmocka_unit_test(test_the_kernel_lets_ordinary_calls_through),
#if defined(__x86_64__)
        cmocka_unit_test(test_the_other_abis_are_filtered_too),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
