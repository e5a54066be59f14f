/* oom_score.c - see oom_score.h, proc(5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/oom_score.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "linux/path.h"
#include "linux/trace.h"

static const char own_file[] = "/proc/self/oom_score_adj";

static int
read_own(int64_t *ret, struct err *e)
{
    auto_free char *text = NULL;
    TRY(err_sys(e, file_read_at(AT_FDCWD, own_file, 64, &text, NULL), "read %s", own_file));
    text[strcspn(text, "\n")] = '\0';
    return err_sys(e, num_parse_i64(text, ret), "read a number from %s", own_file);
}

static int
write_own(int64_t value, struct err *e)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    auto_close int fd = lx_open(own_file, O_WRONLY);
    TRY(err_sys(e, fd, "open %s", own_file));
    return err_sys(e, lx_write(fd, own_file, text, strlen(text)), "write \"%s\" to %s",
                   text, own_file);
}

int
oom_score_lend(const struct oci_process *process, struct oom_loan *ret, struct err *e)
{
    *ret = (struct oom_loan){0};
    if (!process->oom_score_adj.is_set)
        return 0;
    LX_STEP("take the OOM score that the process shall be born with", "");
    int r = read_own(&ret->own, e);
    if (r >= 0 && ret->own != process->oom_score_adj.value) {
        r = write_own(process->oom_score_adj.value, e);
        ret->is_taken = r >= 0;
    }
    if (r == -EACCES)
        return err_hint(e, r,
                        " (process.oomScoreAdj: less than the caller's own takes "
                        "CAP_SYS_RESOURCE)");
    return r < 0 ? err_wrap(e, r, "process.oomScoreAdj") : 0;
}

int
oom_score_return(const struct oom_loan *loan, struct err *e)
{
    return loan->is_taken ? write_own(loan->own, e) : 0;
}
