/* arguments.c - Python objects become what the kernel takes.
 *
 * A path is str, bytes or os.PathLike; a word (a file system type, a host name) is str or
 * bytes; both are encoded as Python encodes file names, so any byte string survives the
 * round trip. None stands for C's NULL where the call allows it. Numbers must fit; nothing
 * is cut off silently. Every message names the function and the argument.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"

/* Says what `text` would have accepted. Returns 0, as a failed converter must. */
static int
text_refuse(const struct text *text, PyObject *object)
{
    PyErr_Format(PyExc_TypeError, "%s: %s should be str%s%s, not %.200s", text->function,
                 text->name, text->is_path ? ", bytes or os.PathLike" : " or bytes",
                 text->may_be_none ? " (or None)" : "", Py_TYPE(object)->tp_name);
    return 0;
}

static bool
is_string(PyObject *object)
{
    return PyUnicode_Check(object) || PyBytes_Check(object);
}

int
text_convert(PyObject *object, void *output)
{
    struct text *text = output;
    PyObject *plain;

    if (object == Py_None && text->may_be_none)
        return 1;
    if (!is_string(object) &&
        !(text->is_path &&
          PyObject_HasAttrString((PyObject *)Py_TYPE(object), "__fspath__")))
        return text_refuse(text, object);

    plain = PyOS_FSPath(object);
    if (!plain)
        return 0;
    text->given = plain;
    if (!PyUnicode_FSConverter(plain, &text->bytes)) {
        if (PyErr_ExceptionMatches(PyExc_ValueError) &&
            !PyErr_ExceptionMatches(PyExc_UnicodeError))
            PyErr_Format(PyExc_ValueError, "%s: %s holds a null byte", text->function,
                         text->name);
        return 0;
    }
    text->value = PyBytes_AS_STRING(text->bytes);
    return 1;
}

void
text_done(struct text *text)
{
    Py_CLEAR(text->given);
    Py_CLEAR(text->bytes);
    text->value = NULL;
}

static int
number_refuse(const struct number *number)
{
    PyErr_Format(PyExc_OverflowError, "%s: %s should be between %lld and %llu",
                 number->function, number->name, (long long)number->min,
                 (unsigned long long)number->max);
    return 0;
}

int
number_convert(PyObject *object, void *output)
{
    struct number *number = output;
    PyObject *integer = PyIndex_Check(object) ? PyNumber_Index(object) : NULL;
    int overflow;
    long long value;

    if (!integer) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "%s: %s should be an integer, not %.200s",
                         number->function, number->name, Py_TYPE(object)->tp_name);
        return 0;
    }
    value = PyLong_AsLongLongAndOverflow(integer, &overflow);
    if (overflow > 0 && number->max > INT64_MAX) {
        number->value = PyLong_AsUnsignedLongLong(integer);
        Py_DECREF(integer);
        if (!PyErr_Occurred())
            return 1;
        PyErr_Clear();
        return number_refuse(number);
    }
    Py_DECREF(integer);
    if (overflow || value < number->min || (value > 0 && (uint64_t)value > number->max))
        return number_refuse(number);
    number->value = (uint64_t)value;
    return 1;
}

int
descriptor_convert(PyObject *object, void *output)
{
    struct descriptor *fd = output;
    struct number number = INTEGER(fd->function, fd->name, 0);

    if (PyIndex_Check(object)) {
        if (!number_convert(object, &number))
            return 0;
        fd->value = (int)number.value;
        return 1;
    }
    if (!PyObject_HasAttrString(object, "fileno")) {
        PyErr_Format(PyExc_TypeError,
                     "%s: %s should be an integer or have a fileno() method, not %.200s",
                     fd->function, fd->name, Py_TYPE(object)->tp_name);
        return 0;
    }
    fd->value = PyObject_AsFileDescriptor(object);
    return fd->value >= 0;
}
