/* signals.c - the names of signals, signal(7). Numbers are Linux's on every machine that we
 * run on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/signals.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP",    SIGHUP   },
    {"INT",    SIGINT   },
    {"QUIT",   SIGQUIT  },
    {"ILL",    SIGILL   },
    {"TRAP",   SIGTRAP  },
    {"ABRT",   SIGABRT  },
    {"BUS",    SIGBUS   },
    {"FPE",    SIGFPE   },
    {"KILL",   SIGKILL  },
    {"USR1",   SIGUSR1  },
    {"SEGV",   SIGSEGV  },
    {"USR2",   SIGUSR2  },
    {"PIPE",   SIGPIPE  },
    {"ALRM",   SIGALRM  },
    {"TERM",   SIGTERM  },
    {"STKFLT", 16       },
    {"CHLD",   SIGCHLD  },
    {"CONT",   SIGCONT  },
    {"STOP",   SIGSTOP  },
    {"TSTP",   SIGTSTP  },
    {"TTIN",   SIGTTIN  },
    {"TTOU",   SIGTTOU  },
    {"URG",    SIGURG   },
    {"XCPU",   SIGXCPU  },
    {"XFSZ",   SIGXFSZ  },
    {"VTALRM", SIGVTALRM},
    {"PROF",   SIGPROF  },
    {"WINCH",  SIGWINCH },
    {"IO",     SIGIO    },
    {"PWR",    SIGPWR   },
    {"SYS",    SIGSYS   },
    {"IOT",    SIGABRT  }, /* other names of some */
    {"CLD",    SIGCHLD  },
    {"POLL",   SIGIO    },
};

#define RT_FIRST 34 /* glibc's and everybody's SIGRTMIN, as Docker counts */
#define RT_LAST  64

/* "RTMIN", "RTMIN+3", "RTMAX-2", "RTMAX" */
static int
parse_real_time(const char *name, int *ret)
{
    static const struct {
        const char *name;
        int base, sign;
    } ends[] = {
        {"RTMIN", RT_FIRST, 1 },
        {"RTMAX", RT_LAST,  -1}
    };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t len = strlen(ends[i].name);
        int offset = 0;
        if (strncasecmp(name, ends[i].name, len) != 0)
            continue;
        bool is_bare = name[len] == '\0';
        if (!is_bare && (name[len] != (ends[i].sign > 0 ? '+' : '-') ||
                         num_parse_int(name + len + 1, &offset) < 0 || offset < 0 ||
                         offset > RT_LAST - RT_FIRST))
            return -EINVAL;
        *ret = ends[i].base + ends[i].sign * offset;
        return 0;
    }
    return -EINVAL;
}

int
signal_parse(const char *word, int *ret, struct err *e)
{
    const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
    int number;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (strcasecmp(signals[i].name, name) == 0) {
            *ret = signals[i].number;
            return 0;
        }
    if (parse_real_time(name, &number) < 0 && num_parse_int(word, &number) < 0)
        number = 0;
    if (number < 1 || number > RT_LAST)
        return err_set(e, ERR_INVALID, "Invalid signal: %s", word);
    *ret = number;
    return 0;
}
