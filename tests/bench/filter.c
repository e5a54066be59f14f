/* filter.c - the seccomp program of a bundle, for the floor, which reads no configuration.
 *
 *     filter CONFIG.JSON >FILTER      struct sock_filter after struct sock_filter
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "oci/config.h"
#include "runtime/seccomp.h"

static int
compile(const char *path, struct seccomp_program *ret, struct err *e)
{
    auto_free char *text = NULL;
    size_t len;
    struct oci_spec *spec = NULL;
    TRY(err_sys(e, file_read_at(AT_FDCWD, path, 4 << 20, &text, &len), "read %s", path));
    TRY(oci_spec_parse(text, len, &spec, e));
    int r = spec->linux_.seccomp
                ? seccomp_compile(spec->linux_.seccomp, ret, e)
                : seccomp_default(spec->process->capabilities.bounding, ret, e);
    oci_spec_free(spec);
    return r;
}

int
main(int argc, char **argv)
{
    struct seccomp_program program = {0};
    struct err e;
    if (argc != 2 || compile(argv[1], &program, &e) < 0) {
        fprintf(stderr, "filter: %s\n", argc != 2 ? "one argument" : e.text);
        return 1;
    }
    size_t n = fwrite(program.code, sizeof program.code[0], program.n, stdout);
    return n == program.n && fflush(stdout) == 0 ? 0 : 1;
}
