/* report.h - how verdicts are shown: for people, as TAP, as JSON.
 * SPDX-License-Identifier: MIT
 */
#ifndef REPORT_H
#define REPORT_H

#include "check.h"
#include "play.h"

enum report_form { REPORT_TEXT, REPORT_TAP, REPORT_JSON };

struct report {
    enum report_form form;
    bool has_color;
    int columns;
    const char *command; /* how this program was called, for "more:" and "next:" */
    enum status shown[CHECKS_MAX]; /* what was printed already */
    unsigned count;                /* TAP: tests so far; JSON: objects so far */
    int hints_used;                /* of the level, from the progress file */
    double start;
};

void report_open(struct report *r, const struct options *options);

/* The level's head, after the build. */
void report_level(struct report *r, unsigned level, const struct program *program,
                  const struct board *board);

/* Shows the verdicts that have come since the last call. By the player's process. */
void report_progress(struct report *r, unsigned level, const struct board *board);

void report_end(struct report *r, unsigned level, const struct board *board,
                enum outcome outcome);
void report_close(struct report *r);

/* Prints text after a label, broken at the width of the screen. */
void report_field(const struct report *r, int indent, const char *label, const char *text);

#endif
