/* util.h - small things that every file of the checker uses.
 * SPDX-License-Identifier: MIT
 */
#ifndef UTIL_H
#define UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define COUNT(table)            (sizeof(table) / sizeof((table)[0]))
#define PRINTF(template, first) __attribute__((format(printf, template, first)))

/* Formats into the caller's buffer and cuts what does not fit; returns the buffer. */
char *format(char *buffer, size_t size, const char *template, ...) PRINTF(3, 4);

/* The same into a fresh heap string, which the caller frees (or keeps for good). */
char *formatted(const char *template, ...) PRINTF(1, 2);

/* Ends the program with status 2: the checker itself can't go on. */
void die(const char *template, ...) PRINTF(1, 2) __attribute__((noreturn));

/* Reads at most size - 1 bytes and ends them with a 0. Returns their number or -errno. */
ssize_t read_text(const char *path, char *buffer, size_t size);
ssize_t read_text_at(int dir, const char *path, char *buffer, size_t size);

/* Writes in one call, as cgroup files want it. Returns 0 or -errno. */
int write_text(const char *path, const char *content);

/* Adds a line to a file that may not exist yet. Returns 0 or -errno. */
int append_line(const char *path, const char *line);

/* As mkdir -p. Returns 0 or -errno. */
int make_path(const char *path);

/* Copies a regular file with its mode. Returns 0 or -errno. */
int copy_file(const char *from, const char *to);

/* Fills 16 random hexadecimal digits and a 0. */
void random_token(char token[17]);

/* Seconds on the monotonic clock. */
double now(void);

/* Is word one of the comma-separated words of list? */
bool is_in_list(const char *word, const char *list);

/* When a process started, in clock ticks since the start of the machine; 0 if it is gone. */
unsigned long long start_time(pid_t pid);

/* Runs a program to its end with our streams. Returns its wait status, or -errno. */
int run_program(const char *const argv[]);

#endif
