/* verbs.h - the words that can follow "check".
 *
 * Each takes the level (or -1) and the number after it (or 0), and returns the program's
 * exit status.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VERBS_H
#define VERBS_H

#include "check.h"

struct call {
    const struct options *options;
    int level, number;
    bool want_mine;
};

int verb_level(const struct call *c);
int verb_all(const struct call *c);
int verb_watch(const struct call *c);
int verb_list(const struct call *c);
int verb_start(const struct call *c);
int verb_hint(const struct call *c);
int verb_diff(const struct call *c);
int verb_answer(const struct call *c);
int verb_reveal(const struct call *c);
int verb_reset(const struct call *c);
int verb_doctor(const struct call *c);
int verb_clean(const struct call *c);

/* How this program is called, in messages. */
extern const char program_name[];

/* Prints a phrase with its placeholders filled, and a newline. */
void tell(const char *key, const char *arg1, const char *arg2, const char *arg3);

#endif
