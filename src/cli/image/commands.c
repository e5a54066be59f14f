/* commands.c - the table of sampan-image.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image/commands.h"

static const struct helper_verb verbs[] = {
    {"commit",       &command_commit      },
    {"export",       &command_export      },
    {"import",       &command_import      },
    {"load",         &command_load        },
    {"save",         &command_save        },
    {"system-check", &command_system_check},
};

int
image_commands_main(int argc, char **argv)
{
    return command_helper_main("sampan-image", verbs, ARRAY_LEN(verbs), argc, argv);
}
