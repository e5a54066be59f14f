/* login.c - `sampan login`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/registry/commands.h"
#include "linux/terminal.h"

#define INPUT_MOST (64u << 10)

struct login_words {
    const char *user, *password;
    bool is_on_stdin;
};

static const struct option table[] = {
    {"password",       'p', KIND_TEXT, offsetof(struct login_words, password),    "PASSWORD",
     "Password (others can see it: --password-stdin is better)"                                          },
    {"password-stdin", 0,   KIND_FLAG, offsetof(struct login_words, is_on_stdin), NULL,
     "Read the password from standard input"                                                             },
    {"username",       'u', KIND_TEXT, offsetof(struct login_words, user),        "NAME",     "User name"},
    OPTION_END,
};

/* One line from the terminal, shown or not. */
static int
ask(const char *question, bool is_secret, char **ret, struct err *e)
{
    struct termios old, quiet;
    char *line = NULL;
    size_t room = 0;
    if (!isatty(STDIN_FILENO))
        return err_set(e, ERR_INVALID,
                       "cannot ask for the login without a terminal: give --username and "
                       "--password-stdin");
    fputs(question, stderr);
    bool is_hidden = is_secret && tcgetattr(STDIN_FILENO, &old) == 0;
    if (is_hidden) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ssize_t n = getline(&line, &room, stdin);
    if (is_hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputs("\n", stderr);
    }
    if (n > 0 && line[n - 1] == '\n')
        line[n - 1] = '\0';
    *ret = n > 0 ? take_ptr(line) : NULL;
    free(line);
    return *ret && **ret ? 0 : err_set(e, ERR_INVALID, "nothing was entered");
}

static int
read_password(char **ret, struct err *e)
{
    size_t len = 0;
    TRY(err_sys(e, file_read_fd(STDIN_FILENO, INPUT_MOST, ret, &len),
                "read the password from standard input"));
    while (len > 0 && ((*ret)[len - 1] == '\n' || (*ret)[len - 1] == '\r'))
        (*ret)[--len] = '\0';
    return *ret && **ret ? 0 : err_set(e, ERR_INVALID, "the password is empty");
}

static int
gather(const struct login_words *o, struct credentials *c, struct err *e)
{
    if (o->password && o->is_on_stdin)
        return err_set(e, ERR_INVALID,
                       "--password and --password-stdin are mutually exclusive");
    if (o->is_on_stdin && !o->user)
        return err_set(e, ERR_INVALID, "--password-stdin needs --username");
    c->user = str_copy(o->user);
    if (!c->user)
        TRY(ask("Username: ", false, &c->user, e));
    if (o->is_on_stdin)
        return read_password(&c->password, e);
    c->password = str_copy(o->password);
    if (c->password)
        fputs("sampan: warning: --password on the command line can be seen by others: use "
              "--password-stdin\n",
              stderr);
    return c->password ? 0 : ask("Password: ", true, &c->password, e);
}

static int
check(const struct credentials *c, struct err *e)
{
    if (strchr(c->user, ':'))
        return err_set(e, ERR_INVALID, "a user name has no ':'");
    for (const char *p = c->user; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            return err_set(e, ERR_INVALID, "a control character in the user name");
    for (const char *p = c->password; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            return err_set(e, ERR_INVALID, "a control character in the password");
    return 0;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    __attribute__((cleanup(credentials_done))) struct credentials c = {0};
    auto_free char *file = NULL;
    bool is_plain = false;
    TRY(gather(options, &c, e));
    TRY(check(&c, e));
    TRY(login(context->argc > 0 ? context->argv[0] : NULL, &c, &is_plain, e));
    TRY(credentials_file(&file, e));
    if (is_plain)
        fprintf(stderr,
                "sampan: warning: your password is stored unencrypted in %s: a credential "
                "helper (\"credsStore\" there) would keep it safer\n",
                file);
    puts("Login Succeeded");
    return 0;
}

static const struct syntax syntax = {
    .command = "login",
    .operands = "[SERVER]",
    .summary = "Log in to a registry (docker.io without SERVER)",
    .options = table,
    .operands_most = 1,
};

const struct command command_login = {
    .syntax = &syntax,
    .options_size = sizeof(struct login_words),
    .run = run,
    .error_status = 1,
};
