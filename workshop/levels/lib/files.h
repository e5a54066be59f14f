/* files.h - small work with files, so that a level can think of its own subject.
 *
 * All of them stop the program when they fail (die.h): a container that is set up by
 * half is worse than none.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIB_FILES_H
#define LIB_FILES_H

/* A new string: text_format("%s/rootfs", dir). The program is short-lived: nothing is
 * freed. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* mkdir -p. New directories get mode 0755, whatever the umask. */
void mkdir_p(const char *path);

/* Write a text to a file that exists, such as a control file of the kernel: one write(2),
 * and its result is believed only after close(2). */
void write_file(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* rm -r, but not across a mount point: what is mounted there belongs to someone else. */
void remove_tree(const char *path);

#endif
