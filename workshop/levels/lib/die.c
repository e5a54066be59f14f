/* die.c - say what went wrong, and stop.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("rd: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void
die_errno(const char *format, ...)
{
    int error = errno;

    va_list args;
    va_start(args, format);
    fputs("rd: ", stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, ": %s\n", strerror(error));
    va_end(args);
    exit(1);
}
