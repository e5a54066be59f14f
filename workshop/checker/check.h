/* check.h - the words of the checker: levels, checks, verdicts, scenes, options.
 *
 * A level has checks. A scene runs the learner's program one or more times in throw-away
 * namespaces and gives verdicts on some of the checks; scenes know nothing of printing,
 * and what prints knows nothing of containers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_H
#define CHECK_H

#include "util.h"

enum { LEVELS = 11, CHECKS_MAX = 128, ARGS = 3, ARG_SIZE = 400 };

enum status { UNSEEN, PASSED, FAILED, WARNED, SKIPPED };

struct check {
    unsigned level;
    const char *id;
    bool is_extra;     /* a failure only warns */
    const char *needs; /* the check that must be ok first, or NULL */
    const char *kinds; /* the ways to fail, comma-separated: keys of the messages */
};

/* In the order in which they are reported, ended by an id of NULL (checks.c). */
extern const struct check checks[];
extern const char *const level_names[LEVELS];

/* The check's place in the table, or -1. */
int check_find(unsigned level, const char *id);

struct verdict {
    enum status status;
    char kind[24];             /* of a failure; empty for a skip */
    char args[ARGS][ARG_SIZE]; /* fill {1} {2} {3} of the failure's "seen" */
    char reason[24];           /* of a skip: a message id, or the check that failed */
    double seconds;
};

/* What all processes of a run write to: a shared mapping. */
struct board {
    struct verdict verdicts[CHECKS_MAX];
    struct verdict ending;  /* rd's bad end after a command that ran well: see play.c */
    char trouble[ARG_SIZE]; /* why the checker itself could not go on, or empty */
    char calls[4096];       /* with --strace: the failed system calls of the last failure */
    bool has_calls;         /* they belong to a failure, and stay */
    int scene;              /* the scene's process, as seen from outside of it */
};

struct options {
    bool want_tap, want_json, want_keep, want_strace, want_python;
    const char *command;  /* --cmd: another implementation, split at blanks */
    const char *work;     /* where the learner's levels are */
    const char *workshop; /* the folder that holds levels/ */
};

/* How to start the learner's program: program[0] … NULL, "run" not included. */
struct program {
    const char *argv[16];
    bool is_built; /* by us: then there is a "builds" check */
};

enum cgroups { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

/* A scene's world, set up by confine.c; the scene's own process is process 1 in it. */
struct scene {
    unsigned level;
    const struct program *program;
    const struct options *options;
    struct board *board;
    char stage[32];     /* an empty folder of the machine, now our own tmpfs */
    char token[17];     /* random; names the image's files, starts the probe's lines */
    char host_name[40]; /* of our own UTS namespace */
    bool is_root;       /* really root, not only in a user namespace */
    bool has_all_ids;   /* more than one user and group id can be used */
    enum cgroups cgroups;
    char no_cgroups[24]; /* why not: a message id */
    double since;        /* start, or the last verdict */
    int parent;          /* a pidfd of the process to die with */
};

/* A scene's verdicts. A failure of a check whose needs failed becomes a skip, so a scene
 * may say all that it saw. The first verdict on a check stays. */
void pass(struct scene *s, const char *id);
void fail(struct scene *s, const char *id, const char *kind, const char *arg1,
          const char *arg2);
void skip(struct scene *s, const char *id, const char *reason);

/* pass when good, else fail of this kind. Returns good. */
bool judge(struct scene *s, const char *id, bool good, const char *kind, const char *arg1,
           const char *arg2);

bool is_any_failed(const struct board *board, unsigned level);

/* Is the check not yet failed or skipped, and all that it needs? */
bool is_open(const struct board *board, unsigned level, const char *id);

struct scene_entry {
    unsigned level;
    void (*play)(struct scene *s);
    const char *checks; /* that it gives verdicts on: it is not played when none is open */
};

/* Ended by play of NULL. One table per level file. */
extern const struct scene_entry scenes_00[], scenes_01[], scenes_02[], scenes_03[],
    scenes_04[], scenes_05[], scenes_06[], scenes_07[], scenes_08[], scenes_09[],
    scenes_10[];

#endif
