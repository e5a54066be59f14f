/* options.c - the command line of all levels.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/options.h"
#include "lib/die.h"
#include "lib/files.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option long_options[] = {
    {"image-name",       required_argument, NULL, 'i'},
    {"image-dir",              required_argument, NULL, 'D'},
    {"container-dir",                  required_argument, NULL, 'C'},
    {"cpu-shares",required_argument, NULL, 'c'},
    {"memory",               required_argument, NULL, 'm'},
    {"memory-swap",    required_argument, NULL, 's'},
    {"user",              required_argument, NULL, 'u'},
    {"help",                  no_argument, NULL, 'h'},
    {0             },
};

static const char usage[] =
    "usage: rd run [OPTION...] [--] COMMAND [ARGUMENT...]\n"
    "  -i, --image-name IMAGE   the image to start from (ubuntu)\n"
    "  --image-dir DIR          where IMAGE.tar is (/workshop/images)\n"
    "  --container-dir DIR      where containers live (/workshop/containers)\n"
    "  --cpu-shares N           weight of the processor time, 2 to 262144\n"
    "  --memory BYTES           limit of the memory, as in 64m; -1 is none\n"
    "  --memory-swap BYTES      limit of memory and swap together\n"
    "  --user USER[:GROUP]      who runs the command, by number or by name\n";

static _Noreturn void
wrong_usage(void)
{
    fputs(usage, stderr);
    exit(2);
}

static long
parse_shares(const char *text)
{
    char *end;
    long shares = strtol(text, &end, 10);
    if (end == text || *end || shares < 2 || shares > 262144) {
        fprintf(stderr, "rd: --cpu-shares wants a number from 2 to 262144, not %s\n", text);
        wrong_usage();
    }
    return shares;
}

/* The name becomes a part of a path: it must not lead elsewhere. */
static const char *
parse_image(const char *name)
{
    if (!*name || *name == '.' || strchr(name, '/')) {
        fprintf(stderr, "rd: %s is not the name of an image\n", name);
        wrong_usage();
    }
    return name;
}

/* A container changes its directory, so nothing may hang on the current one. */
static const char *
absolute(const char *path)
{
    char here[4096];
    if (*path == '/')
        return path;
    if (!getcwd(here, sizeof here))
        die_errno("find the current directory");
    return text_format("%s/%s", here, path);
}

struct options
options_parse(int argc, char **argv)
{
    struct options o = {
        .image = "ubuntu",
        .image_dir = "/workshop/images",
        .container_dir = "/workshop/containers",
    };
    if (argc < 2 || strcmp(argv[1], "run") != 0)
        wrong_usage();
    argc--, argv++; /* getopt skips one word: let it be "run" */

    int c;
    /* "+": the first word that is no option is the command, and the rest is its own. */
    while ((c = getopt_long(argc, argv, "+hi:", long_options, NULL)) != -1) {
        switch (c) {
        case 'i':
            o.image = parse_image(optarg);
            break;
        case 'D':
            o.image_dir = absolute(optarg);
            break;
        case 'C':
            o.container_dir = absolute(optarg);
            break;
        case 'c':
            o.cpu_shares = parse_shares(optarg);
            break;
        case 'm':
            o.memory = optarg;
            break;
        case 's':
            o.memory_swap = optarg;
            break;
        case 'u':
            o.user = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            wrong_usage();
        }
    }
    o.command = argv + optind;
    if (!*o.command)
        wrong_usage();
    return o;
}
