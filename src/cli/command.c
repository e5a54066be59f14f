/* command.c - parses, opens the engine, runs, says what went wrong.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

void
command_open_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* ---- words for the user ---- */

void
command_complain(const struct err *e)
{
    fflush(stdout); /* in the order in which it happened, where both are one file */
    fprintf(stderr, "sampan: %s\n", e->text);
}

int
command_print(const struct text *out, struct err *e)
{
    if (out->len == 0)
        return 0;
    return err_sys(e, file_write_all(STDOUT_FILENO, out->data, out->len),
                   "write to standard output");
}

static void
print_help(FILE *to, const struct syntax *syntax)
{
    auto_text help = {0};
    options_help(syntax, &help);
    fputs(text_str(&help), to);
}

static void
print_usage(const struct syntax *syntax)
{
    auto_text usage = {0};
    options_usage(syntax, &usage);
    fprintf(stderr, "\n%s\nRun 'sampan %s --help' for more information\n", text_str(&usage),
            syntax->command);
}

/* ---- running ---- */

int
command_each(struct command_context *context, command_visitor *visit, void *data,
             bool is_silent)
{
    int status = 0;
    for (int i = 0; i < context->argc; i++) {
        struct err e = {0};
        if (visit(context, context->argv[i], data, &e) < 0) {
            command_complain(&e);
            status = 1;
        } else if (!is_silent) {
            puts(context->argv[i]);
        }
    }
    return status;
}

static int
run_open(const struct command *command, struct command_context *context, void *options,
         const char *root, const char *state, struct err *e)
{
    struct engine engine;
    if (!(command->needs & NEEDS_ENGINE))
        return command->run(context, options, e);
    TRY(engine_open(&engine, root, state, e));
    context->engine = &engine;
    int r = command->run(context, options, e);
    engine_close(&engine);
    return r;
}

/* What was written to standard output must have arrived: a full disk is a failure. */
static int
finish_output(int status, struct err *e)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    err_sys(e, -errno, "write to standard output");
    command_complain(e);
    return status != 0 ? status : 1;
}

int
command_main(const struct command *command, int argc, char **argv, const char *root,
             const char *state)
{
    struct err e = {0};
    bool is_usage;
    struct command_context context = {0};
    auto_free void *options = mem_new(1, command->options_size + 1);
    if (command->init != NULL)
        command->init(options);
    int r = options_parse(command->syntax, argc, argv, options, &context.argv,
                          &context.argc, &is_usage, &e);
    if (r == 1) {
        print_help(stdout, command->syntax);
        r = 0;
    } else if (r < 0) {
        command_complain(&e);
        print_usage(command->syntax);
        r = is_usage ? STATUS_USAGE : STATUS_ENGINE;
    } else {
        r = run_open(command, &context, options, root, state, &e);
        if (r < 0) {
            int status = err_exit_status(&e);
            command_complain(&e);
            r = command->error_status == STATUS_ENGINE ? status : command->error_status;
        }
        free(context.argv);
    }
    if (command->done != NULL)
        command->done(options);
    return finish_output(r, &e);
}

int
command_helper_main(const char *program, const struct helper_verb *verbs, size_t n,
                    int argc, char **argv)
{
    command_open_streams();
    umask(022);
    signal(SIGPIPE, SIG_IGN); /* a write then fails, and says so */
    signal(SIGXFSZ, SIG_IGN);
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < n; i++)
        if (str_eq(verbs[i].word, word))
            return command_main(verbs[i].command, argc - 1, argv + 1, NULL, NULL);
    fprintf(stderr, "Usage:  %s VERB ...  (run by sampan)\n", program);
    return STATUS_USAGE;
}
