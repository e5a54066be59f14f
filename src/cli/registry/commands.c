/* commands.c - the table of sampan-registry.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/registry/commands.h"

static const struct helper_verb verbs[] = {
    {"login",        &command_login       },
    {"logout",       &command_logout      },
    {"pull",         &command_pull        },
    {"pull-for-run", &command_pull_for_run},
    {"push",         &command_push        },
};

int
registry_commands_main(int argc, char **argv)
{
    return command_helper_main("sampan-registry", verbs, ARRAY_LEN(verbs), argc, argv);
}
