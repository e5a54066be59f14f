/* container.h - from a parsed config.json to a running process, and back to nothing.
 *
 * The life of a container, as the OCI runtime-spec 1.2 tells it (runtime.md, "Lifecycle"):
 *
 *     container_create   cgroup, namespaces, root, mounts: everything is made, and the
 *                        init process waits at a gate with the user's program not yet run
 *     container_start    the gate opens; returns when execve(2) has succeeded or failed
 *     (the program runs; whoever called container_create is its parent and reaps it)
 *     container_destroy  the cgroup goes; nothing stays behind
 *
 * Two doors lead here: src/monitor (in process, for the engine) and the OCI command line
 * (src/main/sampan-runtime.c), which keeps `struct container` in its state file between
 * commands.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUNTIME_CONTAINER_H
#define RUNTIME_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/cgroup.h"
#include "runtime/resctrl.h"
#include "runtime/seccomp.h"
#include "runtime/shared_root.h"

enum cgroup_driver {
    CGROUP_FILES,   /* by the cgroup file systems */
    CGROUP_SYSTEMD, /* as systemd's scopes */
    CGROUP_NONE,    /* none are made: the container stays in its maker's */
};

/* What a container is made from. Everything is borrowed for the call. */
struct container_plan {
    const char *id;              /* checked by container_check_id */
    const struct oci_spec *spec; /* parsed and checked */

    /* The root file system. root_mount: a detached mount (fsmount, open_tree) that becomes
     * "/"; NO_FD: spec->root.path below bundle_fd is bound instead. */
    int root_mount;
    int bundle_fd; /* the bundle's directory, for relative paths; NO_FD if there is none */

    /* Its absolute path, which hooks are told and run in; NULL if there is none. */
    const char *bundle;

    /* What becomes the program's 0, 1, 2 without a terminal; NO_FD: the caller's own. */
    int stdio[3];

    /* With process.terminal: the master is handed back in container.terminal_fd, or sent
     * over this connected console socket (OCI --console-socket) if >= 0. */
    int console_socket;

    /* Who runs it, if not the numbers of process.user: "user", "uid:group" ... resolved by
     * the container's own files once we are inside (users.h). NULL: the numbers. */
    const char *user_name;
    const struct list *groups; /* with user_name: more groups, by name or number; or NULL */

    /* A listening socket (SOCK_SEQPACKET) at which the container waits for its start, when
     * that is another process's business: whoever connects has a gate_fd. NO_FD: the gate
     * is container.gate_fd. */
    int gate_listener;

    /* container_start follows at once: the gate is opened before init reaches it, which
     * saves a sleep and a wake-up. */
    bool want_open_gate;

    int preserve_fds; /* descriptors 3.. that the program keeps (OCI --preserve-fds) */
    bool want_init;   /* our own pid 1 that reaps and forwards signals (--init) */
    const struct seccomp_program *filter; /* linux.seccomp's, compiled; NULL: not yet */
    bool want_default_seccomp;            /* the built-in profile where the spec has none */
    bool want_session_keyring; /* join a fresh one, as runc does; false: --no-new-keyring */
    bool want_pivot;           /* false: MS_MOVE + chroot (--no-pivot) */
    enum cgroup_driver cgroup_driver;
};

/* A container that was made. Plain data: it can be written to a state file. */
struct container {
    pid_t pid;            /* init, as its parent's pid namespace sees it */
    uint64_t pid_start;   /* its start time in clock ticks: tells a reused pid apart */
    int pidfd;            /* close-on-exec; NO_FD when read back from a state file */
    int gate_fd;          /* container_start talks here; NO_FD when started or read back */
    bool is_gate_open;    /* by want_open_gate */
    int terminal_fd;      /* master of the terminal, or NO_FD */
    struct cgroup cgroup; /* where it lives */
    struct resctrl resctrl;  /* what linux.intelRdt has made for it */
    struct shared_root root; /* what must be unmounted at its end, if anything */
};

/* Makes it, and runs the hooks up to createContainer; startContainer hooks run behind the
 * gate. Those of poststart and poststop are the caller's (hooks.h), but for the poststop
 * hooks of a container whose creation failed after hooks had been run. On failure nothing
 * stays behind and e says what was tried and on what; a program that is not there gives
 * ERR_NO_PROGRAM here or in container_start. */
int container_create(struct container *ret, const struct container_plan *plan,
                     struct err *e);

/* Opens the gate and waits for the exec. On failure the init process is gone (the caller
 * still reaps it and calls container_destroy). */
int container_start(struct container *c, struct err *e);

/* Sends a signal to init, or to every process of the cgroup. */
int container_kill(const struct container *c, int signal, struct err *e);
int container_kill_all(const struct container *c, int signal, struct err *e);

int container_pause(const struct container *c, struct err *e);
int container_resume(const struct container *c, struct err *e);

/* Removes the cgroup (killing what still lives in it) and closes descriptors. Never fails
 * halfway: does all it can and reports the first trouble. */
int container_destroy(struct container *c, struct err *e);

/* Runs another program inside: joins the namespaces and the cgroup of c, with the
 * privileges that `process` asks for. stdio as in the plan. Returns the pid (a child of
 * the caller) once its execve has succeeded. */
struct container_exec {
    const struct oci_spec *spec;       /* the container's own, for its namespaces */
    const struct oci_process *process; /* what to run */
    const char *id, *bundle;           /* for a seccomp agent (listenerPath); may be NULL */
    const char *user_name;             /* as in the plan */
    const struct list *groups;         /* as in the plan */
    const struct cgroup *groups_below; /* joined after the container's own (cgroup_below) */
    size_t n_groups_below;
    int stdio[3];
    int console_socket;
    int preserve_fds;
    const struct seccomp_program *filter; /* as in the plan */
    bool want_default_seccomp;
    bool want_session_keyring;
    bool ignore_paused;
};
pid_t container_exec(const struct container *c, const struct container_exec *exec,
                     int *ret_pidfd, int *ret_terminal_fd, struct err *e);

/* Whether init is still there: the same process (pid_start), not ended and not a zombie. */
bool container_is_alive(const struct container *c);

/* A new pidfd of init, for a container read back from a state file; the caller closes. */
int container_open_pidfd(const struct container *c, struct err *e);

/* The start time of a process in clock ticks (field 22 of /proc/PID/stat). */
int container_read_start(pid_t pid, uint64_t *ret);

/* An id: [A-Za-z0-9][A-Za-z0-9_.-]{0,127} (rule R24). Checked before any file access. */
int container_check_id(const char *id, struct err *e);

#endif
