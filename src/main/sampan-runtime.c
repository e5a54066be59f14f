/* sampan-runtime.c - the OCI runtime: what engines call in runc's or crun's place.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/dispatch.h"

int
main(int argc, char **argv)
{
    (void)argc;
    return dispatch_main(argv);
}
