/* main.c - the checker's command line.
 *
 *   check NN | all | watch [NN] | list | start NN [--mine] | hint NN [K] | diff NN
 *         | answer NN | reveal NN | reset NN | doctor | clean
 *
 * Reading order: check.h (the words), play.c (a level), confine.c (its world), run.c (one
 * run of rd), level_00.c to level_10.c (what is looked at), report.c (how it is told).
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "messages.h"
#include "verbs.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAKES_LEVEL = 1, NEEDS_LEVEL = 2, TAKES_NUMBER = 4 };

static const struct verb {
    const char *name;
    int (*run)(const struct call *c);
    int takes;
} verbs[] = {
    {"all",    verb_all,    0                         },
    {"answer", verb_answer, NEEDS_LEVEL               },
    {"clean",  verb_clean,  0                         },
    {"diff",   verb_diff,   NEEDS_LEVEL               },
    {"doctor", verb_doctor, 0                         },
    {"hint",   verb_hint,   NEEDS_LEVEL | TAKES_NUMBER},
    {"list",   verb_list,   0                         },
    {"reset",  verb_reset,  NEEDS_LEVEL               },
    {"reveal", verb_reveal, NEEDS_LEVEL               },
    {"start",  verb_start,  NEEDS_LEVEL               },
    {"watch",  verb_watch,  TAKES_LEVEL               },
};

enum {
    OPTION_CMD = 256,
    OPTION_LANG,
    OPTION_WORK,
    OPTION_HASH,
    OPTION_CHECKS,
    OPTION_MESSAGES
};

static const struct option long_options[] = {
    {"tap",           no_argument,       NULL, 't'            },
    {"json",          no_argument,       NULL, 'j'            },
    {"keep",          no_argument,       NULL, 'k'            },
    {"strace",        no_argument,       NULL, 's'            },
    {"python",        no_argument,       NULL, 'p'            },
    {"mine",          no_argument,       NULL, 'm'            },
    {"help",          no_argument,       NULL, 'h'            },
    {"cmd",           required_argument, NULL, OPTION_CMD     },
    {"lang",          required_argument, NULL, OPTION_LANG    },
    {"work",          required_argument, NULL, OPTION_WORK    },
    {"hash",          no_argument,       NULL, OPTION_HASH    },
    {"list-checks",   no_argument,       NULL, OPTION_CHECKS  },
    {"list-messages", no_argument,       NULL, OPTION_MESSAGES},
    {NULL,            0,                 NULL, 0              },
};

/* The table of checks in the form of the file CHECKS. */
static int
list_checks(void)
{
    for (const struct check *c = checks; c->id; c++)
        printf("%02u %s %s %s %s %s\n", c->level, c->id, c->is_extra ? "extra" : "core",
               c->needs ? c->needs : "-", c->kinds, title_of(c));
    return 0;
}

static int
show_hash(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0)
        die("/proc/self/exe can't be read");
    self[n] = '\0';
    return run_program((const char *const[]){"sha256sum", self, NULL}) == 0 ? 0 : 2;
}

/* The program is in build/workshop/, the workshop beside build/. */
static const char *
find_workshop(void)
{
    const char *given = getenv("WORKSHOP");
    char self[PATH_MAX], path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = '\0';
    for (int i = 0; i < 3 && strrchr(self, '/'); i++)
        *strrchr(self, '/') = '\0';
    if (!realpath(given ? given : format(path, sizeof(path), "%.4000s/workshop", self),
                  self))
        die("no workshop at %s: set WORKSHOP", given ? given : path);
    return formatted("%s", self);
}

static int
unknown_word(const char *word)
{
    tell("no-verb", word, program_name, NULL);
    return 2;
}

static int
no_level(const char *word)
{
    tell("no-level", word, NULL, NULL);
    return 2;
}

static int
to_level(const char *word)
{
    char *end;
    long level = word ? strtol(word, &end, 10) : -1;
    if (!word || end == word || (*end && *end != '_') || level < 0 || level >= LEVELS)
        return -1;
    return level;
}

static int
run_verb(struct call *c, char **words)
{
    const struct verb *verb = NULL;
    if (words[0][0] >= '0' && words[0][0] <= '9') {
        c->level = to_level(words[0]);
        if (c->level >= 0)
            return words[1] ? unknown_word(words[1]) : verb_level(c);
        return no_level(words[0]);
    }
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (strcmp(verbs[i].name, words[0]) == 0)
            verb = &verbs[i];
    if (!verb)
        return unknown_word(words[0]);
    int at = 1;
    bool wants_level = verb->takes & (TAKES_LEVEL | NEEDS_LEVEL);
    c->level = wants_level ? to_level(words[1]) : -1;
    if (c->level >= 0)
        at++;
    else if (wants_level && words[1])
        return no_level(words[1]);
    else if (verb->takes & NEEDS_LEVEL) {
        tell("which-level", program_name, words[0], NULL);
        return 2;
    }
    if (verb->takes & TAKES_NUMBER && words[at])
        c->number = atoi(words[at++]) ?: -1;
    return words[at] ? unknown_word(words[at]) : verb->run(c);
}

int
main(int argc, char **argv)
{
    struct options o = {0};
    struct call call = {.options = &o, .level = -1};
    const char *language = NULL;
    int c, special = 0;
    while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        o.want_tap = o.want_tap || c == 't';
        o.want_json = o.want_json || c == 'j';
        o.want_keep = o.want_keep || c == 'k';
        o.want_strace = o.want_strace || c == 's';
        o.want_python = o.want_python || c == 'p';
        call.want_mine = call.want_mine || c == 'm';
        o.command = c == OPTION_CMD ? optarg : o.command;
        o.work = c == OPTION_WORK ? optarg : o.work;
        language = c == OPTION_LANG ? optarg : language;
        special = c == 'h' || c == OPTION_HASH || c >= OPTION_CHECKS ? c : special;
        if (c == '?')
            return 2;
    }
    if (language && strncmp(language, "en", 2) != 0 && strncmp(language, "zh", 2) != 0)
        die("--lang takes en or zh, not %s", language);
    messages_choose(language);
    if (special == OPTION_CHECKS)
        return list_checks();
    if (special == OPTION_MESSAGES)
        return messages_list(), 0;
    if (special == OPTION_HASH)
        return show_hash();
    if (special == 'h' || !argv[optind]) {
        fputs(say("usage"), special == 'h' ? stdout : stderr);
        return special == 'h' ? 0 : 2;
    }
    o.workshop = find_workshop();
    o.work = o.work ? realpath(o.work, NULL) : formatted("%s/work", o.workshop);
    if (!o.work)
        die("--work: no such folder");
    return run_verb(&call, argv + optind);
}
