/* progress.c - what the learner has done so far.
 * SPDX-License-Identifier: MIT
 */
#include "progress.h"
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
progress_note(const struct options *options, unsigned level, const char *event)
{
    char *folder = formatted("%s/.check", options->work),
         *file = formatted("%s/progress", folder);
    char line[64];
    make_path(folder);
    if (append_line(file, format(line, sizeof(line), "%02u %s", level, event)) < 0) {
        char *text = fill(say("progress-bad"), file, NULL, NULL);
        fprintf(stderr, "check: %s\n", text);
        free(text);
    }
    free(file);
    free(folder);
}

int
progress_count(const struct options *options, unsigned level, const char *event)
{
    char *file = formatted("%s/.check/progress", options->work);
    char line[128], start[64];
    int count = 0;
    format(start, sizeof(start), "%02u %s", level, event);
    FILE *f = fopen(file, "re");
    while (f && fgets(line, sizeof(line), f))
        count += strncmp(line, start, strlen(start)) == 0;
    if (f)
        fclose(f);
    free(file);
    return count;
}
