/* memory.c - the allocator that ends the process rather than return NULL.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *
or_die(void *p)
{
    static const char words[] = "sampan: out of memory\n";
    if (!p) {
        (void)!write(2, words, sizeof words - 1);
        _exit(125);
    }
    return p;
}

void *
mem_new(size_t n, size_t size)
{
    return or_die(calloc(n ? n : 1, size ? size : 1));
}

void *
mem_resize(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        or_die(NULL);
    return or_die(realloc(p, bytes ? bytes : 1));
}

void *
mem_copy(const void *p, size_t n)
{
    void *copy = or_die(malloc(n ? n : 1));
    if (n)
        memcpy(copy, p, n);
    return copy;
}

char *
str_copy(const char *s)
{
    return s ? mem_copy(s, strlen(s) + 1) : NULL;
}

char *
str_format(const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    char *s = or_die(n < 0 ? NULL : malloc((size_t)n + 1));
    vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

int
take_fd(int *fd)
{
    int taken = *fd;
    *fd = NO_FD;
    return taken;
}

void
fd_close(int *fd)
{
    int kept = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = NO_FD;
    errno = kept;
}

void
memory_free_at(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

void
memory_close_at(int *fd)
{
    fd_close(fd);
}
