/* sampan-image.c - the door to what brings images in and out.
 *
 * A program of its own because compression and hashing libraries cost more at start than a
 * whole container (docs/decisions/0003).
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image/commands.h"

int
main(int argc, char **argv)
{
    return image_commands_main(argc, argv);
}
