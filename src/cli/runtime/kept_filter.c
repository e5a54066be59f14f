/* kept_filter.c - see kept_filter.h. The file: a header, and struct sock_filter after struct
 * sock_filter, as the kernel takes them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/kept_filter.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

struct header {
    char magic[8];
    uint32_t n; /* instructions behind the header */
    uint32_t flags;
    uint32_t has_listener;
};
static const char magic[8] = "sampan1";

enum { FILTER_MOST = sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter) };

int
kept_filter_write(int dir, const struct seccomp_program *program, struct err *e)
{
    struct header header = {
        .n = (uint32_t)program->n,
        .flags = program->flags,
        .has_listener = program->has_listener,
    };
    memcpy(header.magic, magic, sizeof magic);
    auto_text file = {0};
    text_add_bytes(&file, &header, sizeof header);
    text_add_bytes(&file, program->code, program->n * sizeof program->code[0]);
    return err_sys(e, file_write_at(dir, KEPT_FILTER, file.data, file.len, 0600),
                   "keep the seccomp program");
}

int
kept_filter_read(int dir, struct seccomp_program *ret, struct err *e)
{
    auto_free char *file = NULL;
    size_t len;
    struct header header;
    TRY(err_sys(e, file_read_at(dir, KEPT_FILTER, FILTER_MOST, &file, &len),
                "read the container's seccomp program"));
    if (len >= sizeof header)
        memcpy(&header, file, sizeof header);
    if (len < sizeof header || memcmp(header.magic, magic, sizeof magic) != 0 ||
        header.n == 0 || len != sizeof header + header.n * sizeof ret->code[0])
        return err_set(e, ERR_INVALID, "the container's seccomp program is damaged");
    *ret = (struct seccomp_program){
        .code = mem_copy(file + sizeof header, len - sizeof header),
        .n = header.n,
        .flags = header.flags,
        .has_listener = header.has_listener,
    };
    return 0;
}
