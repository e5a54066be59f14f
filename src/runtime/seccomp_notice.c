/* seccomp_notice.c - see seccomp_notice.h.
 *
 * The process that installs the filter is the one that has the descriptor, and the next call
 * it makes is already filtered. So everything is prepared before, and one sendmsg(2) is left:
 * a filter that does not allow that is refused before anything is made.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp_notice.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "linux/descriptor.h"
#include "linux/path.h"
#include "linux/trace.h"

void
seccomp_notice_done(struct seccomp_notice *notice)
{
    fd_close(&notice->socket);
    fd_close(&notice->proc);
    text_done(&notice->message);
}

/* Does some rule, or the default, take this call away from us? Arguments do not matter: what
 * a rule does to some of them it may do to ours. */
static bool
is_allowed(const struct oci_seccomp *profile, const char *call)
{
    bool is_named = false;
    for (size_t i = 0; i < profile->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &profile->syscalls.v[i];
        if (!list_has(&rule->names, call))
            continue;
        is_named |= rule->args.n == 0;
        if (rule->action != SECCOMP_RET_ALLOW && rule->action != SECCOMP_RET_LOG)
            return false;
    }
    return is_named || profile->default_action == SECCOMP_RET_ALLOW ||
           profile->default_action == SECCOMP_RET_LOG;
}

int
seccomp_notice_connect(const struct oci_seccomp *profile,
                       const struct seccomp_program *program, struct seccomp_notice *ret,
                       struct err *e)
{
    if (!program->has_listener)
        return 0;
    if (!is_allowed(profile, "sendmsg"))
        return err_set(
            e, ERR_INVALID,
            "linux.seccomp.syscalls: sendmsg must be allowed where SCMP_ACT_NOTIFY "
            "is used: it hands the listener over");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = profile->listener_path;
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, ERR_INVALID, "linux.seccomp.listenerPath: longer than %zu bytes",
                       sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    TRY(err_sys(e, fd < 0 ? -errno : 0, "make a socket"));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return err_sys(e, -errno, "linux.seccomp.listenerPath: connect to %s", path);
    ret->socket = take_fd(&fd);
    ret->proc = lx_open("/proc", O_PATH | O_DIRECTORY);
    return err_sys(e, ret->proc, "open /proc");
}

/* The link "self" of a procfs is our pid in that procfs's pid namespace, wherever we are. */
static int
read_host_pid(int proc, int *ret)
{
    auto_free char *text = NULL;
    TRY(file_read_link_at(proc, "self", &text));
    return num_parse_int(text, ret);
}

int
seccomp_notice_write(struct seccomp_notice *notice, const struct oci_seccomp *profile,
                     const struct oci_state *state, struct err *e)
{
    int pid = 0;
    if (notice->socket < 0)
        return 0;
    TRY(err_sys(e, read_host_pid(notice->proc, &pid), "read our pid from /proc/self"));
    struct oci_state told = *state;
    told.pid = state->pid ? state->pid : pid;

    auto_json *doc = json_doc_new();
    struct json *json = json_object(doc);
    json_set_str(doc, json, "ociVersion", OCI_VERSION);
    struct json *fds = json_set(doc, json, "fds", json_array(doc));
    json_append(fds, json_string(doc, "seccompFd"));
    json_set_i64(doc, json, "pid", pid);
    if (profile->listener_metadata)
        json_set_str(doc, json, "metadata", profile->listener_metadata);
    json_set(doc, json, "state", oci_state_to_json(doc, &told));
    json_write(&notice->message, json, 0);
    return 0;
}

int
seccomp_notice_send(const struct seccomp_notice *notice, int listener, struct err *e)
{
    if (notice->socket < 0)
        return err_set(e, ERR_INVALID, "linux.seccomp: nobody takes the notifications");
    int r = lx_send_fds(notice->socket, notice->message.data, notice->message.len,
                        &listener, 1);
    if (r >= 0 && (size_t)r < notice->message.len)
        r = -EMSGSIZE;
    return err_sys(e, r, "linux.seccomp.listenerPath: send the notification descriptor");
}
