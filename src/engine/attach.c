/* attach.c - connects to the monitor of a running container.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/attach.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "monitor/protocol.h"

int
engine_attach(const struct engine *engine, const char *id, uint32_t attach, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    auto_close int live = file_open_dir_at(engine->live_fd, id);
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", live,
             ATTACH_SOCKET);
    if (live < 0 || fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        frame_send(fd, FRAME_ATTACH, &attach, sizeof(attach), 0) < 0)
        return err_set(e, ERR_CONFLICT, "container %.12s is not running", id);
    return take_fd(&fd);
}
