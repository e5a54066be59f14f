/* commands.c - finds the command, parses, opens the engine, runs, says what went wrong.
 *
 *     sampan [--root DIR] [--state DIR] COMMAND ...
 *     sampan container ls    the same commands under their group's name
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/helper.h"
#include "linux/trace.h"

/* The last four members of an entry. */
#define OWN(command)            &command, NULL, NULL, NULL
#define HELPER(verb, summary)   NULL, verb, summary, "sampan-image"
#define REGISTRY(verb, summary) NULL, verb, summary, "sampan-registry"

/* Commands in the order of the help. An entry without a group is a plain command;
 * "container ls" is "ls" in the group "container". An entry without a command is a verb of
 * a helper program (docs/decisions/0003, 0015), which has the command's own table. */
/* clang-format off */
static const struct entry {
    const char *group, *name;
    const struct command *command;
    const char *verb, *summary, *program;
} entries[] = {
    {NULL,        "run",     OWN(command_run)},
    {NULL,        "create",  OWN(command_create)},
    {NULL,        "start",   OWN(command_start)},
    {NULL,        "stop",    OWN(command_stop)},
    {NULL,        "restart", OWN(command_restart)},
    {NULL,        "kill",    OWN(command_kill)},
    {NULL,        "rm",      OWN(command_rm)},
    {NULL,        "wait",    OWN(command_wait)},
    {NULL,        "ps",      OWN(command_ps)},
    {NULL,        "logs",    OWN(command_logs)},
    {NULL,        "exec",    OWN(command_exec)},
    {NULL,        "attach",  OWN(command_attach)},
    {NULL,        "inspect", OWN(command_inspect)},
    {NULL,        "top",     OWN(command_top)},
    {NULL,        "pause",   OWN(command_pause)},
    {NULL,        "unpause", OWN(command_unpause)},
    {NULL,        "rename",  OWN(command_rename)},
    {NULL,        "diff",    OWN(command_diff)},
    {NULL,        "commit",  HELPER("commit", "Make an image of what a container has become")},
    {NULL,        "export",  HELPER("export",
                                   "Write a container's root file system as a tar")},
    {NULL,        "images",  OWN(command_images)},
    {NULL,        "pull",    REGISTRY("pull", "Download an image from a registry")},
    {NULL,        "push",    REGISTRY("push", "Upload an image to a registry")},
    {NULL,        "login",   REGISTRY("login", "Log in to a registry")},
    {NULL,        "logout",  REGISTRY("logout", "Forget the login of a registry")},
    {NULL,        "load",    HELPER("load", "Load images from an archive")},
    {NULL,        "import",  HELPER("import",
                                   "Make an image from a tar of a root file system")},
    {NULL,        "save",    HELPER("save", "Save images to an archive")},
    {NULL,        "tag",     OWN(command_tag)},
    {NULL,        "rmi",     OWN(command_rmi)},
    {NULL,        "history", OWN(command_history)},
    {NULL,        "version", OWN(command_version)},
    {NULL,        "info",    OWN(command_info)},
    {"container", "ls",      OWN(command_ps)},
    {"container", "list",    OWN(command_ps)},
    {"container", "ps",      OWN(command_ps)},
    {"container", "run",     OWN(command_run)},
    {"container", "create",  OWN(command_create)},
    {"container", "start",   OWN(command_start)},
    {"container", "stop",    OWN(command_stop)},
    {"container", "restart", OWN(command_restart)},
    {"container", "kill",    OWN(command_kill)},
    {"container", "rm",      OWN(command_rm)},
    {"container", "wait",    OWN(command_wait)},
    {"container", "logs",    OWN(command_logs)},
    {"container", "exec",    OWN(command_exec)},
    {"container", "attach",  OWN(command_attach)},
    {"container", "inspect", OWN(command_inspect)},
    {"container", "top",     OWN(command_top)},
    {"container", "pause",   OWN(command_pause)},
    {"container", "unpause", OWN(command_unpause)},
    {"container", "rename",  OWN(command_rename)},
    {"container", "diff",    OWN(command_diff)},
    {"container", "commit",  HELPER("commit", "Make an image of what a container has become")},
    {"container", "export",  HELPER("export",
                                   "Write a container's root file system as a tar")},
    {"image",     "ls",      OWN(command_images)},
    {"image",     "list",    OWN(command_images)},
    {"image",     "rm",      OWN(command_rmi)},
    {"image",     "inspect", OWN(command_image_inspect)},
    {"image",     "tag",     OWN(command_tag)},
    {"image",     "pull",    REGISTRY("pull", "Download an image from a registry")},
    {"image",     "push",    REGISTRY("push", "Upload an image to a registry")},
    {"image",     "load",    HELPER("load", "Load images from an archive")},
    {"image",     "import",  HELPER("import",
                                   "Make an image from a tar of a root file system")},
    {"image",     "history", OWN(command_history)},
    {"image",     "prune",   OWN(command_image_prune)},
    {"image",     "save",    HELPER("save", "Save images to an archive")},
    {"system",    "check",   HELPER("system-check",
                                   "Check that the image store is whole, and repair it")},
    {"system",    "df",      OWN(command_system_df)},
    {"system",    "info",    OWN(command_info)},
};
/* clang-format on */

struct globals {
    const char *root, *state;
    bool want_version;
};

static const struct option global_options[] = {
    {"root",    0,   KIND_TEXT, offsetof(struct globals, root),         "DIR",
     "Where images and containers are kept (SAMPAN_ROOT; /var/lib/sampan)"},
    {"state",   0,   KIND_TEXT, offsetof(struct globals, state),        "DIR",
     "Where live state is kept (SAMPAN_STATE; /run/sampan)"               },
    {"version", 'v', KIND_FLAG, offsetof(struct globals, want_version), NULL,
     "Print the version and quit"                                         },
    OPTION_END,
};

static const struct syntax global_syntax = {
    .command = "",
    .operands = "COMMAND",
    .summary = "A small container engine: runs containers without a daemon",
    .options = global_options,
    .operands_most = -1,
    .stops_at_operand = true,
};

/* ---- words for the user ---- */

static const char *
summary(const struct entry *entry)
{
    return entry->command != NULL ? entry->command->syntax->summary : entry->summary;
}

static void
list_commands(struct text *out, const char *group)
{
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (str_eq(entries[i].group, group))
            text_addf(out, "  %-10s  %s\n", entries[i].name, summary(&entries[i]));
}

static int
print_commands(const char *group)
{
    auto_text out = {0};
    if (group != NULL) {
        text_addf(&out, "Usage:  sampan %s COMMAND\n\nCommands:\n", group);
        list_commands(&out, group);
    } else {
        options_help(&global_syntax, &out);
        text_add(&out, "\nCommands:\n");
        list_commands(&out, NULL);
        text_add(&out, "\nGroups: container, image, system\n"
                       "\nRun 'sampan COMMAND --help' for more about a command.\n");
    }
    fputs(text_str(&out), stdout);
    return 0;
}

/* ---- finding ---- */

static bool
is_group(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (str_eq(entries[i].group, word))
            return true;
    return false;
}

static const struct entry *
find(const char *group, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (str_eq(entries[i].group, group) && str_eq(entries[i].name, name))
            return &entries[i];
    return NULL;
}

static int
unknown_command(const char *group, const char *name)
{
    const char *names[ARRAY_LEN(entries)];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (str_eq(entries[i].group, group))
            names[n++] = entries[i].name;
    const char *near = options_nearest(name, names, n);
    const char *blank = group != NULL ? " " : "";
    fprintf(stderr, "sampan: '%s%s%s' is not a command\n", group != NULL ? group : "",
            blank, name);
    if (near != NULL)
        fprintf(stderr, "\nDid you mean 'sampan %s%s%s'?\n", group != NULL ? group : "",
                blank, near);
    fprintf(stderr, "\nRun 'sampan --help' for all commands.\n");
    return STATUS_USAGE;
}

/* ---- running ---- */

/* The helper has the rest: `words` are the command's name and what follows it. */
static int
run_helper(const struct entry *entry, char **words, const struct globals *globals)
{
    struct err e = {0};
    auto_list argv = {0};
    list_add(&argv, entry->verb);
    for (words++; *words != NULL; words++)
        list_add(&argv, *words);
    helper_exec(entry->program, list_argv(&argv), globals->root, globals->state, &e);
    command_complain(&e);
    return STATUS_ENGINE;
}

int
commands_main(int argc, char **argv)
{
    struct err e = {0};
    struct globals globals = {0};
    auto_free char **words = NULL;
    int n = 0;
    bool is_usage;
    lx_trace_as("command");
    command_open_streams();
    int r = options_parse(&global_syntax, argc, argv, &globals, &words, &n, &is_usage, &e);
    if (r < 0) {
        command_complain(&e);
        return STATUS_ENGINE;
    }
    if (globals.want_version)
        return command_main(&command_version, 1, (char *[]){"version", NULL}, globals.root,
                            globals.state);
    if (r == 1 || n == 0 || str_eq(words[0], "help"))
        return print_commands(NULL);

    const char *group = is_group(words[0]) ? words[0] : NULL;
    int at = group != NULL;
    if (at >= n || (group != NULL && str_eq(words[at], "--help")))
        return print_commands(group);
    const struct entry *entry = find(group, words[at]);
    if (entry == NULL)
        return unknown_command(group, words[at]);
    if (entry->command != NULL)
        return command_main(entry->command, n - at, words + at, globals.root,
                            globals.state);
    return run_helper(entry, words + at, &globals);
}
