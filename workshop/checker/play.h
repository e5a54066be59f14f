/* play.h - plays the levels' scenes.
 * SPDX-License-Identifier: MIT
 */
#ifndef PLAY_H
#define PLAY_H

#include "check.h"

enum outcome {
    OUTCOME_OK = 0,
    OUTCOME_FAILED = 1,
    OUTCOME_TROUBLE = 2,
    OUTCOME_SKIPPED = 77
};

struct report;

/* Builds the learner's program, plays all scenes of the level, reports as it goes. */
enum outcome play_level(unsigned level, const struct options *options,
                        struct report *report);

/* Plays one empty scene; returns its time in seconds, or a negative number. */
double play_nothing(const struct options *options);

/* Puts the Python module linux on PYTHONPATH, where it was built. */
void play_find_linux_module(const struct options *options);
bool play_has_linux_module(void);

/* The file that the learner edits: WORK/NN_name/rd.c or rd.py. Heap text. */
char *play_source(unsigned level, const struct options *options);

#endif
