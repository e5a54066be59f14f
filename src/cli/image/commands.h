/* commands.h - the commands whose work the helper program sampan-image does.
 *
 * One file each beside this one, as in src/cli/; they need libraries that the start path
 * does without (docs/decisions/0003).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_IMAGE_COMMANDS_H
#define CLI_IMAGE_COMMANDS_H

#include "cli/command.h"

extern const struct command command_commit, command_export, command_import;
extern const struct command command_load, command_save, command_system_check;

/* The whole of sampan-image: argv[1] is the command. */
int image_commands_main(int argc, char **argv);

#endif
