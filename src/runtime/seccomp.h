/* seccomp.h - which system calls a container may make: profiles, and the filter they become.
 *
 *     config.json, linux.seccomp ──────────────┐
 *     --security-opt seccomp=file.json (moby) ─┼─▶ struct oci_seccomp ─▶ struct seccomp_program
 *     the built-in profile and the caps ───────┘        compile              install
 *
 * The compiler is our own (docs/decisions/0005): a binary search over ranges of numbers,
 * leaves shared between ranges and architectures, an eighth of the instructions and of the
 * time to install of a program that asks for one number after the other. A program is made
 * by the parent, before the container's first process is cloned, and installed by that
 * process as the last thing before execve(2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_SECCOMP_H
#define RUNTIME_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "linux/privilege.h"
#include "oci/spec.h"

/* A classic BPF program. Free with seccomp_program_done; zero-initialise. */
struct seccomp_program {
    struct sock_filter *code;
    size_t n;          /* 0: no filter at all */
    unsigned flags;    /* SECCOMP_FILTER_FLAG_... as the profile asks */
    bool has_listener; /* some rule says SCMP_ACT_NOTIFY */
};
#define auto_seccomp __attribute__((cleanup(seccomp_program_done))) struct seccomp_program
void seccomp_program_done(struct seccomp_program *program);

/* Compiles a profile. Rules are read as the other runtimes read them (runtime-spec,
 * config-linux.md "Seccomp"):
 *   - a rule whose action is the default one says nothing and is skipped;
 *   - a call that some rule names without arguments gets the action of the first such rule,
 *     wherever it stands; else its rules are tried in the order of the file;
 *   - the arguments of a rule must all hold, but one index named twice makes it several
 *     rules, of which one must hold;
 *   - names that no architecture here has are skipped;
 *   - where the default is an errno, calls newer than the newest that the profile names give
 *     ENOSYS, so that programs fall back instead of failing;
 *   - the machine's own architecture is always among the architectures; a call by one that
 *     is not listed kills the process, and x32 calls are ENOSYS even where listed.
 * What cannot be applied as written is an error that names the field. */
int seccomp_compile(const struct oci_seccomp *profile, struct seccomp_program *ret,
                    struct err *e);

/* The built-in profile for a process whose bounding set is caps, as a profile and as a
 * program. Free the profile with seccomp_profile_free. */
struct oci_seccomp *seccomp_default_profile(uint64_t caps);
uint64_t seccomp_default_caps(void); /* the capabilities that make a difference to it */
int seccomp_default(uint64_t caps, struct seccomp_program *ret, struct err *e);

/* The set for which seccomp_default has its program ready, made by the build: of the
 * capabilities that matter the default set has CAP_SYS_CHROOT alone. */
#define SECCOMP_PREPARED_CAPS (UINT64_C(1) << CAP_SYS_CHROOT)

/* Reads a profile in moby's format: that of config.json, and rules "includes" and "excludes"
 * by capability, architecture and kernel, and an "archMap". caps: the container's bounding
 * set. */
int seccomp_profile_parse(const char *text, size_t len, uint64_t caps,
                          struct oci_seccomp **ret, struct err *e);
void seccomp_profile_free(struct oci_seccomp *profile);

/* The architectures whose calls a program of ours can tell apart ("SCMP_ARCH_X86_64"). */
void seccomp_architectures(struct list *ret);

/* Gives the calling process the filter, for good. It needs no_new_privs or CAP_SYS_ADMIN.
 * Returns 0; or, where has_listener, the descriptor that the calls are told to. */
int seccomp_install(const struct seccomp_program *program, struct err *e);

#endif
