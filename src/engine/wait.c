/* wait.c - the monitor tells everyone who is connected when its container ends: waiting is
 * being connected. A monitor that dies closes the connection; then the record says the
 * rest.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/wait.h"

#include <poll.h>

#include "base/clock.h"
#include "engine/attach.h"
#include "monitor/protocol.h"

#define NS_PER_MS 1000000

/* The status that is written down, for an end that we did not hear. */
static int
look(const struct engine *engine, const struct record *record, int *ret_status,
     struct err *e)
{
    auto_record now = RECORD_NONE;
    TRY(record_load(engine, record->id, &now, e));
    *ret_status = now.state.exit_code;
    return 1;
}

int
wait_on(const struct engine *engine, const struct record *record, int socket,
        int timeout_ms, int *ret_status, struct err *e)
{
    static struct frame frame;
    int64_t end = clock_monotonic_ns() + (int64_t)timeout_ms * NS_PER_MS;
    int left = timeout_ms;
    for (;;) {
        struct pollfd slot = {.fd = socket, .events = POLLIN};
        int r = poll(&slot, 1, left);
        if (r < 0 && errno != EINTR)
            return err_sys(e, -errno, "wait for container %.12s", record->id);
        if (r > 0 && frame_recv(socket, &frame, 0) <= 0)
            return look(engine, record, ret_status, e);
        if (r > 0 && frame.type == FRAME_EXITED) {
            int32_t status = 0;
            frame_get(&frame, &status, sizeof(status));
            *ret_status = status;
            return 1;
        }
        if (timeout_ms == WAIT_FOREVER)
            continue;
        int64_t ns = end - clock_monotonic_ns();
        if (ns <= 0)
            return 0;
        left = (int)((ns + NS_PER_MS - 1) / NS_PER_MS);
    }
}

int
engine_wait(const struct engine *engine, const struct record *record, int timeout_ms,
            int *ret_status, struct err *e)
{
    if (!record_is_running(record)) {
        *ret_status = record->state.exit_code;
        return 1;
    }
    auto_close int socket = engine_attach(engine, record->id, 0, e);
    if (socket < 0)
        return look(engine, record, ret_status, e);
    return wait_on(engine, record, socket, timeout_ms, ret_status, e);
}
