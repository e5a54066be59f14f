/* options.h - command lines after Docker's grammar, from a table per command.
 *
 * A command's table says name, letter, kind, place in the command's own struct, and help of
 * each option; the parser fills the struct, and `--help` is printed from the same table.
 *
 *     --name x   --name=x   -n x   -nx   -n=x       one value
 *     -e A=B -e C=D                                  KIND_LIST: each is added
 *     --rm  --rm=false  -it  -dit                    KIND_FLAG
 *     --                                             the rest are operands
 *
 * Where a command's operands end in another program's command line (run, create, exec) the
 * options end at the first operand.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

enum option_kind {
    KIND_FLAG,   /* bool */
    KIND_TEXT,   /* const char *: into argv */
    KIND_LIST,   /* struct list */
    KIND_FILTER, /* struct list of NAME=VALUE */
    KIND_INT,    /* int */
    KIND_SIZE,   /* int64_t: bytes, "64m" */
    KIND_SWAP,   /* int64_t: bytes, or -1 */
    KIND_NANO,   /* int64_t: billionths, "1.5" */
    KIND_NUMBER, /* int64_t */
    KIND_GROUP,  /* a heading in the help; name is the heading */
};

struct option {
    const char *name;
    char letter; /* or 0 */
    enum option_kind kind;
    size_t offset;     /* in the command's struct */
    const char *value; /* what the help calls the value; NULL for flags */
    const char *help;
};

#define OPTION_END                        \
    {                                     \
        NULL, 0, KIND_FLAG, 0, NULL, NULL \
    }

struct syntax {
    const char *command;               /* "run" */
    const char *operands;              /* "IMAGE [COMMAND] [ARG...]" */
    const char *summary;               /* "Create and run a new container from an image" */
    const struct option *options;      /* ends in OPTION_END; NULL: none */
    int operands_least, operands_most; /* most < 0: any number */
    bool stops_at_operand;
    const char *program; /* whose command it is; NULL: "sampan" */
};

/* Parses argv[1..] into data; operands to *ret_argv (the caller frees the array) and
 * *ret_n. 0; 1 when help was asked for; ERR_INVALID for what is wrong: *ret_is_usage says
 * whether it is a matter of operands (exit status 1) or of options (125). */
int options_parse(const struct syntax *syntax, int argc, char **argv, void *data,
                  char ***ret_argv, int *ret_n, bool *ret_is_usage, struct err *e);

/* The line that says how a command is called. */
void options_usage(const struct syntax *syntax, struct text *out);

/* The text of --help, no line over 100 columns. */
void options_help(const struct syntax *syntax, struct text *out);

/* "did you mean" for a word among candidates: the nearest, or NULL if none is near. */
const char *options_nearest(const char *word, const char *const *candidates, size_t n);

#endif
