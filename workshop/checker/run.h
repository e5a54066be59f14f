/* run.h - one run of the learner's program inside a scene.
 * SPDX-License-Identifier: MIT
 */
#ifndef RUN_H
#define RUN_H

#include "check.h"

#include <sys/resource.h>

/* A list of strings, ended by NULL: LIST("hold", "exit", "3"). */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

struct run_spec {
    const char *image;          /* NULL: the checker's image */
    const char *const *options; /* between the usual ones and "--", or NULL */
    const char *const *command; /* NULL: the probe with these steps */
    const char *const *steps;
    rlim_t file_limit; /* bytes; 0: none */
    bool want_slow;    /* rd stands still after its fork, until the command has begun */
};

struct run {
    pid_t rd;
    pid_t command; /* the probe, while it holds; else 0 */
    bool is_ready; /* the probe has come to its hold */
    bool is_over;  /* rd has ended */
    bool is_hung;  /* rd had to be killed */
    int status;    /* rd's wait status, once it is over */
    int input, output[2];
    char text[2][16384]; /* what came out of stdout and stderr */
    size_t length[2];
    int trace_number;
};

/* Starts rd, and returns when the probe holds, or when rd has ended. */
void run_start(struct scene *s, struct run *r, const struct run_spec *spec);

/* Lets the probe go on, and waits for rd's end. */
void run_finish(struct scene *s, struct run *r);

/* Both, for a command that need not be looked at while it runs. */
void run_whole(struct scene *s, struct run *r, const struct run_spec *spec);

/* Is the probe held? If not, the "runs" of this level has failed, with what was seen. */
bool run_is_held(struct scene *s, struct run *r);

/* What the probe said after this word, or NULL; a string that stays for the run. */
const char *run_said(struct scene *s, const struct run *r, const char *word);

/* What rd said went wrong, for messages: its first line "rd: …" on stderr, because what comes
 * after it may follow from it; without such a line the last one. */
const char *run_error(const struct run *r);

/* The shell's view of a wait status: 128 + signal, or the exit status. */
int run_exit_code(const struct run *r);

/* Has rd spoken of the command's end, or ended, though the probe is still held? */
bool run_is_early(struct run *r);

/* The lines "PID exited with status N" on both streams: their number, and the first. */
int run_status_lines(const struct run *r, long *ret_pid, long *ret_status);

/* Judges a check "status-line" for a command that exited with 3. */
void run_judge_status_line(struct scene *s, const struct run *r, pid_t command);

/* Does this status in a line mean "killed by SIGKILL"? 137; or 9, if rd prints what wait(2)
 * gives without unpacking it, which one more run shows. */
bool run_is_killed_status(struct scene *s, long status);

/* The path in "Created a new root fs for our container: PATH", or NULL; and the
 * container's id, the part of the path below the containers' directory. */
const char *run_created(struct scene *s, const struct run *r);
const char *run_container_id(struct scene *s, const struct run *r);

#endif
