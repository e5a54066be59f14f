/* seccomp_prepared.c - the default filter, compiled while the program was built.
 *
 * The default profile depends on a few capabilities only. For containers that have of these
 * what the default set has, the program lies ready; for others it is compiled now.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/seccomp.h"

#include "base/memory.h"

static const struct sock_filter prepared[] = {
#include "seccomp_program.inc"
};

int
seccomp_default(uint64_t caps, struct seccomp_program *ret, struct err *e)
{
    uint64_t matter = seccomp_default_caps();
    if ((caps & matter) == (SECCOMP_PREPARED_CAPS & matter)) {
        *ret = (struct seccomp_program){
            .code = mem_copy(prepared, sizeof prepared),
            .n = ARRAY_LEN(prepared),
        };
        return 0;
    }
    struct oci_seccomp *profile = seccomp_default_profile(caps);
    int r = seccomp_compile(profile, ret, e);
    seccomp_profile_free(profile);
    return r;
}
