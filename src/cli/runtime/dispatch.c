/* dispatch.c - finds the verb, parses, runs it, says what went wrong.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/runtime/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/runtime/arguments.h"
#include "cli/runtime/log.h"
#include "cli/runtime/verbs.h"
#include "cli/version.h"
#include "runtime/explain.h"
#include "runtime/shield.h"

static const struct verb {
    const char *name;
    int (*run)(const struct arguments *a, struct err *e);
    const struct syntax *syntax;
    bool enters_containers; /* such a process must not be writable by them (rule R10) */
} verbs[] = {
    {"create",     verb_create,     &arguments_create,     true },
    {"start",      verb_start,      &arguments_start,      false},
    {"run",        verb_run,        &arguments_run,        true },
    {"exec",       verb_exec,       &arguments_exec,       true },
    {"state",      verb_state,      &arguments_state,      false},
    {"kill",       verb_kill,       &arguments_kill,       false},
    {"delete",     verb_delete,     &arguments_delete,     false},
    {"list",       verb_list,       &arguments_list,       false},
    {"ps",         verb_ps,         &arguments_ps,         false},
    {"pause",      verb_pause,      &arguments_pause,      false},
    {"resume",     verb_resume,     &arguments_resume,     false},
    {"update",     verb_update,     &arguments_update,     false},
    {"events",     verb_events,     &arguments_events,     false},
    {"spec",       verb_spec,       &arguments_spec,       false},
    {"features",   verb_features,   &arguments_features,   false},
    {"checkpoint", verb_checkpoint, &arguments_checkpoint, false},
    {"restore",    verb_checkpoint, &arguments_restore,    false},
};

static int
find_verb(const char *name, const struct verb **ret, struct err *e)
{
    const char *names[ARRAY_LEN(verbs)];
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (str_eq(verbs[i].name, name)) {
            *ret = &verbs[i];
            return 0;
        }
        names[i] = verbs[i].name;
    }
    const char *near = options_nearest(name, names, ARRAY_LEN(names));
    err_set(e, ERR_INVALID, "unknown verb %s; --help lists them", name);
    return near ? err_hint(e, -EINVAL, " (did you mean %s?)", near) : -EINVAL;
}

static void
print_help(void)
{
    auto_text text = {0};
    options_help(&arguments_global, &text);
    text_add(&text, "\nVerbs:\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        text_addf(&text, "  %-11s %s\n", verbs[i].name, verbs[i].syntax->summary);
    text_add(&text, "\n\"sampan-runtime VERB --help\" shows a verb's options.\n");
    fputs(text_str(&text), stdout);
}

static void
print_verb_help(const struct verb *verb)
{
    auto_text text = {0};
    options_help(verb->syntax, &text);
    fputs(text_str(&text), stdout);
}

/* As runc and crun have it: engines show these lines, and look for "spec:". */
static void
print_version(void)
{
    printf("sampan-runtime version %s\nspec: %s\n", SAMPAN_VERSION, OCI_VERSION);
}

/* Before a word is understood: what we learn now, the protected copy would have to learn again.
 * A container that is called like one of these verbs does no harm. */
static int
protect_if_entering(char **argv, struct err *e)
{
    bool may_enter = false;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        for (char **word = argv + 1; verbs[i].enters_containers && *word; word++)
            may_enter |= str_eq(*word, verbs[i].name);
    return may_enter && !shield_is_up() ? shield_self(argv, e) : 0;
}

static int
dispatch(struct arguments *a, char **argv, struct err *e)
{
    const struct verb *verb = NULL;
    struct err trouble; /* told when it is known where to */
    int protection = protect_if_entering(argv, &trouble);
    int help = arguments_parse(a, &arguments_global, argv, e);
    TRY(help);
    if (help || (a->n_operands > 0 && str_eq(a->operands[0], "help"))) {
        print_help();
        return 0;
    }
    if (a->want_version) {
        print_version();
        return 0;
    }
    TRY(arguments_check_global(a, e));
    if (a->n_operands == 0)
        return err_set(e, ERR_INVALID, "no verb is given; --help lists them");
    TRY(find_verb(a->operands[0], &verb, e));
    auto_free char **words = take_ptr(a->operands);
    help = arguments_parse(a, verb->syntax, words, e);
    TRY(help);
    if (help) {
        print_verb_help(verb);
        return 0;
    }
    if (verb->enters_containers && protection < 0) {
        *e = trouble;
        return protection;
    }
    if (verb->enters_containers)
        TRY(check_preserved(a, e));
    log_calls_if_asked(a);
    return verb->run(a, e);
}

/* SAMPAN_TRACE_FD: a descriptor that takes one JSON line per kernel call. */
static void
listen_if_asked(void)
{
    const char *text = getenv("SAMPAN_TRACE_FD");
    int fd;
    if (text && num_parse_int(text, &fd) == 0)
        explain_to(fd, clock_monotonic_ns());
}

int
dispatch_main(char **argv)
{
    umask(0022);
    listen_if_asked();
    struct arguments arguments = {.preserve_fds = 0};
    struct err e = {0};
    int status = dispatch(&arguments, argv, &e);
    if (status < 0) {
        log_failure(&arguments, &e);
        status = e.kind == ERR_NO_PROGRAM || e.kind == ERR_NOT_EXECUTABLE
                     ? err_exit_status(&e)
                     : 1;
    }
    arguments_done(&arguments);
    return status;
}
