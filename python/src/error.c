/* error.c - a negative errno becomes an exception.
 *
 * linux.Error is an OSError, so it has .errno, .strerror and .filename, and it is a
 * RuntimeError, because the programs of the first workshops catch that and compare
 * e.args with (1, 'Operation not permitted'): args always has two items.
 *
 * The standard library raises PermissionError for EPERM, FileNotFoundError for ENOENT and
 * so on. The errors of this module are caught by these names too: for each such class
 * there is a subclass of linux.Error and of it, linux.PermissionError for instance.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"

#include <errno.h>
#include <string.h>

struct kind {
    const char *name; /* of the class in this module and in builtins */
    PyObject **builtin;
    int numbers[3]; /* the errno values it stands for; 0 ends the list */
};

static const struct kind kinds[] = {
    {"linux.BlockingIOError",    &PyExc_BlockingIOError,    {EAGAIN}       },
    {"linux.ChildProcessError",  &PyExc_ChildProcessError,  {ECHILD}       },
    {"linux.FileExistsError",    &PyExc_FileExistsError,    {EEXIST}       },
    {"linux.FileNotFoundError",  &PyExc_FileNotFoundError,  {ENOENT}       },
    {"linux.InterruptedError",   &PyExc_InterruptedError,   {EINTR}        },
    {"linux.IsADirectoryError",  &PyExc_IsADirectoryError,  {EISDIR}       },
    {"linux.NotADirectoryError", &PyExc_NotADirectoryError, {ENOTDIR}      },
    {"linux.PermissionError",    &PyExc_PermissionError,    {EPERM, EACCES}},
    {"linux.ProcessLookupError", &PyExc_ProcessLookupError, {ESRCH}        },
    {"linux.TimeoutError",       &PyExc_TimeoutError,       {ETIMEDOUT}    },
};

static const char error_doc[] =
    "A kernel call failed.\n\n"
    "errno, strerror, filename and filename2 as in OSError; args is (errno, strerror).";

static const char kind_doc[] =
    "A linux.Error that is also the built-in error of this name.";

/* Creates class `name` from two bases, adds it to the module, returns a new reference. */
static PyObject *
add_class(PyObject *module, const char *name, const char *doc, PyObject *base,
          PyObject *other_base)
{
    PyObject *bases = PyTuple_Pack(2, base, other_base);
    PyObject *class = bases ? PyErr_NewExceptionWithDoc(name, doc, bases, NULL) : NULL;

    Py_XDECREF(bases);
    if (!class)
        return NULL;
    Py_INCREF(class);
    if (PyModule_AddObject(module, strchr(name, '.') + 1, class) < 0) {
        Py_DECREF(class);
        Py_CLEAR(class);
    }
    return class;
}

static int
add_kind(PyObject *module, const struct kind *kind)
{
    struct module_state *state = module_state(module);
    PyObject *class = add_class(module, kind->name, kind_doc, state->error, *kind->builtin);
    int r = class ? 0 : -1;

    for (size_t i = 0; r == 0 && i < Py_ARRAY_LENGTH(kind->numbers); i++) {
        PyObject *number;

        if (kind->numbers[i] == 0)
            break;
        number = PyLong_FromLong(kind->numbers[i]);
        r = number ? PyDict_SetItem(state->error_by_number, number, class) : -1;
        Py_XDECREF(number);
    }
    Py_XDECREF(class);
    return r;
}

int
error_init(PyObject *module)
{
    struct module_state *state = module_state(module);

    state->error_by_number = PyDict_New();
    state->error = add_class(module, "linux.Error", error_doc, PyExc_OSError,
                             PyExc_RuntimeError);
    if (!state->error_by_number || !state->error)
        return -1;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(kinds); i++)
        if (add_kind(module, &kinds[i]) < 0)
            return -1;
    return 0;
}

/* The class for errno `number`: borrowed, or NULL with an exception set. */
static PyObject *
class_of(struct module_state *state, int number)
{
    PyObject *key = PyLong_FromLong(number);
    PyObject *class = key ? PyDict_GetItemWithError(state->error_by_number, key) : NULL;

    Py_XDECREF(key);
    return class || PyErr_Occurred() ? class : state->error;
}

/* What the user gave for `text`: borrowed, or NULL if there is nothing to name. */
static PyObject *
name_of(const struct text *text)
{
    return text && text->is_path ? text->given : NULL;
}

PyObject *
error_raise(PyObject *module, int r, const struct text *first, const struct text *second)
{
    PyObject *class = class_of(module_state(module), -r);
    PyObject *name = name_of(first) ? name_of(first) : name_of(second);
    PyObject *name2 = name_of(first) && name_of(second) ? name_of(second) : Py_None;
    PyObject *error;

    if (!class)
        return NULL;
    /* With a file name OSError itself keeps args at two items; without one there must be
     * no third argument, not even None. The fourth is Windows' error number. */
    error = name ? PyObject_CallFunction(class, "isOOO", -r, strerror(-r), name, Py_None,
                                         name2)
                 : PyObject_CallFunction(class, "is", -r, strerror(-r));
    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    return NULL;
}

PyObject *
return_none(PyObject *module, int r, const struct text *first, const struct text *second)
{
    if (r < 0)
        return error_raise(module, r, first, second);
    Py_RETURN_NONE;
}

PyObject *
return_number(PyObject *module, int r, const struct text *path)
{
    return r < 0 ? error_raise(module, r, path, NULL) : PyLong_FromLong(r);
}
