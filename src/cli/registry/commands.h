/* commands.h - the commands that speak with registries, in the helper program sampan-registry.
 *
 * A program of its own beside sampan-image: libcurl brings thirty more libraries, which
 * `load` and `save` do without (docs/decisions/0015).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_REGISTRY_COMMANDS_H
#define CLI_REGISTRY_COMMANDS_H

#include "cli/command.h"

extern const struct command command_pull, command_pull_for_run, command_push, command_login,
    command_logout;

/* The whole of sampan-registry: argv[1] is the command. */
int registry_commands_main(int argc, char **argv);

#endif
