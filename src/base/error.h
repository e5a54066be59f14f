/* error.h - one flat error that can cross a process boundary.
 *
 * Below (src/linux/) a call returns a number: >= 0 good, < 0 = -errno. Above, what can
 * fail takes a `struct err *e` as its last parameter, fills it once, where the failure
 * happened, and returns the same negative number. The struct holds no pointer, so a
 * child ships its whole error to its parent in one write(2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* What kind of failure it is: decides the exit code of a command and the HTTP status. */
enum err_kind {
    ERR_NONE = 0,
    ERR_SYSTEM,         /* the kernel said no */
    ERR_INVALID,        /* bad input: an option, a field, a file's content */
    ERR_NOT_FOUND,      /* no such container, image, file */
    ERR_CONFLICT,       /* exists, is in use, is in the wrong state */
    ERR_UNSUPPORTED,    /* this kernel or this build cannot do it */
    ERR_NOT_EXECUTABLE, /* the container's program is there and can't be run: 126 */
    ERR_NO_PROGRAM,     /* the container's program is not there: 127 */
    ERR_COUNT
};

struct err {
    enum err_kind kind;
    int number; /* errno, or 0 */
    char text
        [1016]; /* one line, lower case, no full stop; ends in ": " strerror for ERR_SYSTEM */
};

/* Passes r on if r >= 0. Else fills e: the formatted words, ": ", strerror(-r). Returns r. */
int err_sys(struct err *e, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Fills e with kind and words; returns the negative errno that stands for the kind
 * (err_kind_errno). */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "words: " before the text of an error that is already there; returns r. */
int err_wrap(struct err *e, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Appends words (a hint: what the user can do) to the text; returns r. */
int err_hint(struct err *e, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The negative errno of a kind: ERR_NOT_FOUND -> -ENOENT. */
int err_kind_errno(enum err_kind kind);

/* The exit status that Docker's users expect from `run` for this error: 125, 126 or 127. */
int err_exit_status(const struct err *e);

/* The only macro here that hides control flow: leaves the function with x if x < 0.
 * Safe because cleanup is automatic (memory.h). */
#define TRY(x)                  \
    do {                        \
        int try_result_ = (x);  \
        if (try_result_ < 0)    \
            return try_result_; \
    } while (0)

#endif
