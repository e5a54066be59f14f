/* story.c - events become the JSON lines that cli/explain.c reads.
 *
 * The trace hook has no argument to carry anything in, so what it gathers is a variable of
 * this file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/explain.h"
#include "linux/terminal.h"

#define NS_PER_US 1000

static struct text lines;
static int64_t began_ns;

static bool
wants_json(void)
{
    const char *word = getenv("SAMPAN_TRACE");
    return word != NULL && str_eq(word, "json");
}

bool
story_is_wanted(bool want_explain)
{
    return want_explain || wants_json();
}

void
story_add(const struct lx_event *event, int64_t ns, void *unused)
{
    (void)unused;
    const char *const words[][2] = {
        {"who",   event->who  },
        {"step",  event->step },
        {"level", event->level},
        {"file",  event->file },
        {"call",  event->call },
        {"args",  event->args }
    };
    text_addf(&lines, "{\"us\":%lld", (long long)((ns - began_ns) / NS_PER_US));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        text_addf(&lines, ",\"%s\":", words[i][0]);
        json_write_string(&lines, words[i][1]);
    }
    text_addf(&lines, ",\"result\":%ld}\n", event->result);
}

static void
hook(const struct lx_event *event)
{
    story_add(event, clock_monotonic_ns(), NULL);
}

void
story_begin(void)
{
    began_ns = clock_monotonic_ns();
    lx_trace_hook = hook;
}

void
story_tell(void)
{
    struct err e = {0};
    auto_text out = {0};
    bool is_terminal = lx_is_tty(STDERR_FILENO), as_table = is_terminal && !wants_json();
    lx_trace_hook = NULL;
    if (explain_render(text_str(&lines), as_table, as_table && getenv("NO_COLOR") == NULL,
                       &out, &e) < 0)
        text_addf(&out, "sampan: the trace cannot be told: %s\n", e.text);
    fputs(text_str(&out), stderr);
    text_done(&lines);
}
