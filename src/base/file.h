/* file.h - small files of our own: read whole, written whole, removed whole.
 *
 * For the engine's own state and the kernel's virtual files, always below a directory
 * descriptor that we trust. Paths that come from an image or a container never come
 * here: they go through src/linux/openat2 (rule R1).
 *
 * dir_fd may be AT_FDCWD. All return >= 0 or -errno and hold no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"

/* Reads a whole file of at most `most` bytes (else -EFBIG) into *ret, NUL-terminated; the
 * caller frees. Works on files that say their size is 0 (/proc). *ret_len may be NULL. */
int file_read_at(int dir_fd, const char *name, size_t most, char **ret, size_t *ret_len);

/* The same from an open descriptor, from where it stands. */
int file_read_fd(int fd, size_t most, char **ret, size_t *ret_len);

/* read(2), tried again after a signal: how many bytes, 0 at the end, or -errno. */
ssize_t file_read_some(int fd, void *buf, size_t room);

/* Writes all of it, however often write(2) stops short. */
int file_write_all(int fd, const void *data, size_t len);

/* Creates or truncates name and writes; not atomic: for a place of our own. */
int file_write_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode);

/* Writes beside its place and renames: a reader sees the old or the new, a crash leaves
 * one of them (and perhaps a ".new-NAME"). is_durable: fdatasync before, directory fsync
 * after the rename. */
int file_replace_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
                    bool is_durable);

/* The same (durable), but -EEXIST if there is such a file already. */
int file_create_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode);

/* Makes a directory and its missing parents below dir_fd (0 when all were there). */
int file_mkdirs_at(int dir_fd, const char *path, mode_t mode);

/* Removes name and all below it without following a link, without leaving its file
 * system, in bounded memory, however deep. 0 when it was not there. */
int file_remove_tree_at(int dir_fd, const char *name);

/* Opens a directory below dir_fd: O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC. */
int file_open_dir_at(int dir_fd, const char *name);

/* The names in a directory, without "." and "..", sorted. fd stays open. */
int file_list_dir(int fd, struct list *ret);

/* A symbolic link's text, at most 4095 bytes; the caller frees. */
int file_read_link_at(int dir_fd, const char *name, char **ret);

/* Random bytes as 2*n hexadecimal letters and a NUL in buf. */
int file_random_hex(char *buf, size_t n);

#endif
