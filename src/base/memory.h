/* memory.h - memory that cannot run out, and cleanup that cannot be forgotten.
 *
 * A declaration that begins with auto_free or auto_close is cleaned up when its scope
 * ends, on every path. take_ptr() and take_fd() hand the thing over to somebody else.
 * Out of memory ends the process (exit status 125): nothing that runs for a container
 * could go on in a defined way.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <errno.h>
#include <stddef.h>

#include "base/error.h"

#define auto_free  __attribute__((cleanup(memory_free_at)))  /* for malloc'd pointers */
#define auto_close __attribute__((cleanup(memory_close_at))) /* for int descriptors */

#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])
#define NO_FD        (-EBADF) /* a descriptor that is not open */

/* Zeroed memory for n things of size bytes. Never NULL. Free with free(). */
void *mem_new(size_t n, size_t size) __attribute__((malloc, returns_nonnull));

/* realloc for n things; the new part is not zeroed. Never NULL. */
void *mem_resize(void *p, size_t n, size_t size) __attribute__((returns_nonnull));

/* A copy of n bytes, or of a string (NULL stays NULL). Free with free(). */
void *mem_copy(const void *p, size_t n);
char *str_copy(const char *s);

/* A formatted string. Never NULL. Free with free(). */
char *str_format(const char *fmt, ...) PRINTF_LIKE(1, 2)
    __attribute__((malloc, returns_nonnull));

/* Hands the pointer or descriptor over: the variable no longer owns it. */
#define take_ptr(p)                 \
    __extension__({                 \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })
int take_fd(int *fd);

/* Closes if open (>= 0) and leaves NO_FD; errno is kept. */
void fd_close(int *fd);

void memory_free_at(void *pointer_to_pointer);
void memory_close_at(int *fd);

#endif
