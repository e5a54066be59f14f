/* seccomp-program.c - run while building: prints the default filter as C.
 *
 * Compiling the default profile costs a start some 0.3 to 0.6 ms (docs/decisions/0005), so
 * that it is done once, here. Writes an array of {code, jt, jf, k}.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "runtime/seccomp.h"

int
main(void)
{
    struct err e;
    auto_seccomp program = {0};
    struct oci_seccomp *profile = seccomp_default_profile(SECCOMP_PREPARED_CAPS);
    if (seccomp_compile(profile, &program, &e) < 0) {
        fprintf(stderr, "seccomp-program: %s\n", e.text);
        return 1;
    }
    seccomp_profile_free(profile);
    printf("/* Made by tools/seccomp-program.c: the default filter. */\n");
    for (size_t i = 0; i < program.n; i++)
        printf("{%u, %u, %u, %#x},\n", program.code[i].code, program.code[i].jt,
               program.code[i].jf, program.code[i].k);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
