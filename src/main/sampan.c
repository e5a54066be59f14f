/* sampan.c - the door for people: `sampan run` and all the others.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands.h"

int
main(int argc, char **argv)
{
    return commands_main(argc, argv);
}
