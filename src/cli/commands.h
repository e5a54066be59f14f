/* commands.h - the commands of `sampan`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command command_run, command_create, command_start, command_stop,
    command_restart, command_kill, command_rm, command_wait, command_ps, command_logs,
    command_exec, command_inspect, command_image_inspect, command_pause, command_unpause,
    command_top, command_attach, command_rename, command_images, command_rmi, command_tag,
    command_version, command_info, command_diff, command_history, command_image_prune,
    command_system_df;

/* The whole of `sampan`: global options, command, exit status. */
int commands_main(int argc, char **argv);

#endif
