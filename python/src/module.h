/* module.h - what the files of the Python module `linux` share.
 *
 * The module is one C function per kernel call. Each does the same four things: take its
 * arguments (arguments.c), let other Python threads run while the kernel works, make the
 * call once, and turn its answer into a Python object or into a linux.Error (error.c).
 * Which calls exist is said by the tables at the end of this file; module.c joins them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAMPAN_PYTHON_MODULE_H
#define SAMPAN_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

/* One per interpreter that imports the module. */
struct module_state {
    PyObject *error;            /* linux.Error */
    PyObject *error_by_number;  /* {errno: subclass of linux.Error} */
    PyTypeObject *capabilities; /* what capget returns */
    PyTypeObject *clone_result; /* what clone3 returns */
    PyTypeObject *notify_sizes; /* what seccomp(SECCOMP_GET_NOTIF_SIZES) returns */
};

struct module_state *module_state(PyObject *module);

/* --- arguments.c: Python objects become what the kernel takes ----------------------- */

/* Each argument is declared with the names to use in messages, then filled by its
 * converter through PyArg_ParseTupleAndKeywords' "O&". */

struct text {
    const char *function, *name;
    bool is_path; /* os.PathLike is welcome, and the text appears in errors */
    bool may_be_none;
    PyObject *given;   /* as str or bytes, for messages */
    PyObject *bytes;   /* as the kernel wants it; owns `value` */
    const char *value; /* NULL for None */
};

#define PATH(function, name)                              \
    {                                                     \
        (function), (name), true, false, NULL, NULL, NULL \
    }
#define PATH_OR_NONE(function, name)                     \
    {                                                    \
        (function), (name), true, true, NULL, NULL, NULL \
    }
#define WORD(function, name)                               \
    {                                                      \
        (function), (name), false, false, NULL, NULL, NULL \
    }
#define WORD_OR_NONE(function, name)                      \
    {                                                     \
        (function), (name), false, true, NULL, NULL, NULL \
    }

/* `output` is a struct text. Returns 1, or 0 with an exception set. */
int text_convert(PyObject *object, void *output);

/* Declare each struct text with auto_text: it lets go of its objects at the end of scope. */
void text_done(struct text *text);

#define auto_text __attribute__((cleanup(text_done)))

struct number {
    const char *function, *name;
    int64_t min;
    uint64_t max;
    uint64_t value; /* two's complement when `min` is negative */
};

#define INTEGER(function, name, initial)                                       \
    {                                                                          \
        (function), (name), INT32_MIN, INT32_MAX, (uint64_t)(int64_t)(initial) \
    }
#define LONG_INTEGER(function, name, initial)                          \
    {                                                                  \
        (function), (name), INT64_MIN, UINT64_MAX, (uint64_t)(initial) \
    }
#define FLAGS32(function, name)              \
    {                                        \
        (function), (name), 0, UINT32_MAX, 0 \
    }
#define FLAGS64(function, name)              \
    {                                        \
        (function), (name), 0, UINT64_MAX, 0 \
    }

/* `output` is a struct number. Returns 1, or 0 with an exception set. */
int number_convert(PyObject *object, void *output);

struct descriptor {
    const char *function, *name;
    int value;
};

#define DESCRIPTOR(function, name) \
    {                              \
        (function), (name), -1     \
    }

/* `output` is a struct descriptor: an integer (any: the kernel judges it) or an object
 * with fileno(). Returns 1, or 0 with an exception set. */
int descriptor_convert(PyObject *object, void *output);

/* --- error.c: a negative errno becomes an exception --------------------------------- */

/* Creates linux.Error and its subclasses in the module. 0, or -1 with an exception set. */
int error_init(PyObject *module);

/* Raise the linux.Error for `r`, which is -errno; always returns NULL. The texts that are
 * not NULL (and not None in Python) become .filename and .filename2. */
PyObject *error_raise(PyObject *module, int r, const struct text *first,
                      const struct text *second);

/* The usual ends of a call: an error when `r` is negative, else None or the number. */
PyObject *return_none(PyObject *module, int r, const struct text *first,
                      const struct text *second);
PyObject *return_number(PyObject *module, int r, const struct text *path);

/* --- constants.c -------------------------------------------------------------------- */

/* Adds every constant to the module. 0, or -1 with an exception set. */
int constants_add(PyObject *module);

/* --- the calls ----------------------------------------------------------------------- */

/* Make one kernel call while other Python threads run. */
#define WITHOUT_GIL(statement)                      \
    do {                                            \
        PyThreadState *saved = PyEval_SaveThread(); \
        statement;                                  \
        PyEval_RestoreThread(saved);                \
    } while (0)

/* A row of a method table: arguments by position or by name, and a docstring that opens
 * with the signature that inspect.signature() and help() show. */
#define METHOD(name, function, doc)                                                      \
    {                                                                                    \
        name, (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS, doc \
    }

#define END_OF_METHODS      \
    {                       \
        NULL, NULL, 0, NULL \
    }

extern PyMethodDef mount_methods[];      /* calls_mount.c */
extern PyMethodDef mount_fd_methods[];   /* calls_mount_fd.c */
extern PyMethodDef namespace_methods[];  /* calls_namespace.c */
extern PyMethodDef clone_methods[];      /* calls_clone.c */
extern PyMethodDef pidfd_methods[];      /* calls_pidfd.c */
extern PyMethodDef file_methods[];       /* calls_file.c */
extern PyMethodDef capability_methods[]; /* calls_capability.c */
extern PyMethodDef control_methods[];    /* calls_control.c */
extern PyMethodDef seccomp_methods[];    /* calls_seccomp.c */

/* The named tuples that some calls return. */
extern PyStructSequence_Desc capabilities_description;
extern PyStructSequence_Desc clone_result_description;
extern PyStructSequence_Desc notify_sizes_description;

#endif
