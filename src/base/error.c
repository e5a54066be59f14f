/* error.c - filling, wrapping and translating the flat error of error.h.
 *
 * Texts are cut, never overrun: an error about a very long path is still an error. The
 * cut keeps the front, where the words are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int number;
    int exit_status;
} kinds[ERR_COUNT] = {
    [ERR_NONE] = {0,          0  },
    [ERR_SYSTEM] = {EIO,        125},
    [ERR_INVALID] = {EINVAL,     125},
    [ERR_NOT_FOUND] = {ENOENT,     125},
    [ERR_CONFLICT] = {EEXIST,     125},
    [ERR_UNSUPPORTED] = {EOPNOTSUPP, 125},
    [ERR_NOT_EXECUTABLE] = {EACCES,     126},
    [ERR_NO_PROGRAM] = {ENOENT,     127},
};

int
err_kind_errno(enum err_kind kind)
{
    return -kinds[kind].number;
}

int
err_exit_status(const struct err *e)
{
    return kinds[e->kind].exit_status;
}

int
err_sys(struct err *e, int r, const char *fmt, ...)
{
    if (r >= 0)
        return r;

    char words[sizeof e->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);

    e->kind = ERR_SYSTEM;
    e->number = -r;
    snprintf(e->text, sizeof e->text, "%.*s: %s", (int)sizeof e->text - 80, words,
             strerror(-r));
    if (r == -ENOSYS)
        err_hint(e, r,
                 " (needs Linux 5.10, and no system call filter around us that is older)");
    return r;
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    char words[sizeof e->text]; /* the arguments may point into e->text */
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);

    e->kind = kind;
    e->number = kinds[kind].number;
    memcpy(e->text, words, sizeof words);
    return -e->number;
}

int
err_wrap(struct err *e, int r, const char *fmt, ...)
{
    char words[sizeof e->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);

    char whole[2 * sizeof e->text + 3];
    snprintf(whole, sizeof whole, "%s: %s", words, e->text);
    memcpy(e->text, whole, sizeof e->text);
    e->text[sizeof e->text - 1] = '\0';
    return r;
}

int
err_hint(struct err *e, int r, const char *fmt, ...)
{
    size_t used = strlen(e->text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->text + used, sizeof e->text - used, fmt, args);
    va_end(args);
    return r;
}
