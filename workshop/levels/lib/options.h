/* options.h - the command line of all levels.
 *
 *   rd run [-i IMAGE] [--image-dir D] [--container-dir D] [--cpu-shares N]
 *          [--memory BYTES] [--memory-swap BYTES] [--user U[:G]] [--] COMMAND...
 *
 * Every level takes every option and uses those it has learned. An option that was not
 * given is NULL (or 0); a wrong command line ends the program with status 2.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIB_OPTIONS_H
#define LIB_OPTIONS_H

struct options {
    const char *image;         /* -i, --image-name: "busybox" means IMAGE_DIR/busybox.tar */
    const char *image_dir;     /* --image-dir: absolute */
    const char *container_dir; /* --container-dir: absolute; one directory per container */
    long cpu_shares;           /* --cpu-shares: 2 to 262144 */
    const char *memory;        /* --memory, --memory-swap: as typed, "64m" or "-1" */
    const char *memory_swap;
    const char *user; /* --user: as typed, "2014:2014" or "nobody" */
    char **command;   /* what to run, ends with NULL, never empty */
};

struct options options_parse(int argc, char **argv);

#endif
