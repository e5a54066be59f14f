/* sampan-registry.c - the door to pull, push, login and logout.
 *
 * A program of its own because what speaks HTTP and TLS starts slowly (docs/decisions/0015).
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/registry/commands.h"

int
main(int argc, char **argv)
{
    return registry_commands_main(argc, argv);
}
