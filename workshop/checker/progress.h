/* progress.h - what the learner has done so far: work/.check/progress.
 *
 * One line for each event, appended and never rewritten: "03 passed", "03 hint 2",
 * "03 revealed", "03 started". Nothing is punished and nothing is sent anywhere.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "check.h"

void progress_note(const struct options *options, unsigned level, const char *event);

/* How many lines of this level begin with this event? */
int progress_count(const struct options *options, unsigned level, const char *event);

#endif
