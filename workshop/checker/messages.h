/* messages.h - all that the checker says, in two languages.
 *
 * messages_en.c and messages_zh.c hold the same keys with the same placeholders {1} {2}
 * {3}; the tests compare them (check --list-messages). A key is looked up with its level
 * first ("03 cwd"), then without ("cwd"): what is said alike on all levels stands once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "check.h"

struct phrase {
    const char *key, *text;
};

struct explanation {
    const char *key; /* "03 real-root chroot": level, check, kind */
    const char *seen, *wanted, *why, *hint;
};

struct lesson {
    const char *proved, *question, *answer;
    const char *hints[2]; /* the third hint is the code itself: the next skeleton's */
};

struct catalogue {
    const char *language;
    const struct phrase *phrases, *titles;  /* ended by a key of NULL */
    const struct explanation *explanations; /* ended by a key of NULL */
    struct lesson lessons[LEVELS];
};

extern const struct catalogue catalogue_en, catalogue_zh;

/* Chooses by a language's name ("en", "zh_CN.UTF-8"); NULL asks LC_ALL, LC_MESSAGES, LANG. */
void messages_choose(const char *language);

const char *say(const char *key);
const char *title_of(const struct check *c);
const struct explanation *explanation_of(const struct check *c, const char *kind);
const struct lesson *lesson_of(unsigned level);

/* The text with its placeholders filled, on the heap. */
char *fill(const char *text, const char *arg1, const char *arg2, const char *arg3);

/* Prints each key of both catalogues and its placeholders, for the tests. */
void messages_list(void);

#endif
