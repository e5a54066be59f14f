/* command.h - what a command of `sampan` is, and what all commands have in common.
 *
 * A command stands in one file: its options' table, and a function that does it. The programs
 * that have commands (sampan, and the helper sampan-image) each list theirs in a table of
 * their own and hand the one that was named to command_main.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"
#include "engine/paths.h"

/* What a command gets. */
struct command_context {
    struct engine *engine; /* opened before the command, if it NEEDS_ENGINE */
    int argc;              /* operands */
    char **argv;
};

enum command_needs { NEEDS_ENGINE = 1 };

/* A command: its syntax, a maker of its options' struct with the defaults in it (size 0:
 * none), and what it does. run returns the exit status, or < 0 with e filled. */
struct command {
    const struct syntax *syntax;
    size_t options_size;
    void (*init)(void *options); /* sets defaults that are not 0; or NULL */
    void (*done)(void *options); /* frees what lists hold; or NULL */
    int (*run)(struct command_context *context, void *options, struct err *e);
    unsigned needs;
    int error_status; /* exit status for an error: Docker's run says 125, others 1 */
};

/* Exit statuses of our own: an error of ours, not of the user's program; operands that make
 * no sense. */
enum { STATUS_ENGINE = 125, STATUS_USAGE = 1 };

/* Parses argv[1..], opens the engine if the command needs it (root, state: from the command
 * line, or NULL), runs the command, says what went wrong. The exit status. */
int command_main(const struct command *command, int argc, char **argv, const char *root,
                 const char *state);

/* The main of a helper program: argv[1] names one of its commands. `sampan load ...` becomes
 * such a program with the same words, and the roots in SAMPAN_ROOT and SAMPAN_STATE
 * (cli/helper.h). */
struct helper_verb {
    const char *word;
    const struct command *command;
};
int command_helper_main(const char *program, const struct helper_verb *verbs, size_t n,
                        int argc, char **argv);

/* Once, first thing in main: descriptors 0 to 2 are never a file of ours by accident. */
void command_open_streams(void);

/* Prints "sampan: text" and a line feed to standard error. */
void command_complain(const struct err *e);

/* For commands that take several names: calls `visit` for each, prints the error of each
 * that fails and goes on. Exit status 0, or 1 if one failed. is_silent: success prints no
 * name. */
typedef int command_visitor(struct command_context *context, const char *name, void *data,
                            struct err *e);
int command_each(struct command_context *context, command_visitor *visit, void *data,
                 bool is_silent);

/* Writes all of it to standard output; a full disk or a closed pipe is an error. */
int command_print(const struct text *out, struct err *e);

#endif
