/* calls_control.c - the calls that are many calls: prctl and keyctl; and add_key.
 *
 * What the arguments of prctl(2) and keyctl(2) mean depends on the first one: numbers,
 * strings, places where the kernel puts an answer. Two tables say it for each option, one
 * letter for each of the four arguments after the first:
 *
 *     n  a number                    s  a word (str or bytes)
 *     b  bytes; the next argument    z  a word or None
 *        is their length             x  refused: the option has a call of its own
 *     i  the kernel writes an int, which is the result
 *     p  the kernel writes an address, which is the result
 *     c  the kernel writes a thread's name (16 bytes), which is the result
 *     T  the kernel writes a text of any length, which is the result
 *     B  the kernel writes bytes of any length, which are the result
 *
 * Arguments that are not listed are numbers, and so are all of an option that the tables
 * don't name: a new kernel's options work without a new module.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

#include <linux/keyctl.h>
#include <sys/prctl.h>

enum { ARGUMENTS = 4, NAME_SIZE = 16, FIRST_ROOM = 256 };

struct option {
    int number;
    const char *shape;
};

static const struct option prctl_options[] = {
    {PR_GET_CHILD_SUBREAPER, "i" },
    {PR_GET_ENDIAN,          "i" },
    {PR_GET_FPEMU,           "i" },
    {PR_GET_FPEXC,           "i" },
    {PR_GET_NAME,            "c" },
    {PR_GET_PDEATHSIG,       "i" },
    {PR_GET_TID_ADDRESS,     "p" },
    {PR_GET_TSC,             "i" },
    {PR_GET_UNALIGN,         "i" },
    {PR_SET_NAME,            "s" },
    {PR_SET_SECCOMP,         "x" },
    {0,                      NULL},
};

static const struct option keyctl_options[] = {
    {KEYCTL_DESCRIBE,             "nT" },
    {KEYCTL_GET_SECURITY,         "nT" },
    {KEYCTL_INSTANTIATE,          "nbn"},
    {KEYCTL_JOIN_SESSION_KEYRING, "z"  },
    {KEYCTL_READ,                 "nB" },
    {KEYCTL_RESTRICT_KEYRING,     "nzz"},
    {KEYCTL_SEARCH,               "nss"},
    {KEYCTL_UPDATE,               "nb" },
    {0,                           NULL },
};

static const char *
shape_of(const struct option *options, uint64_t number)
{
    for (; options->shape; options++)
        if ((uint64_t)options->number == number)
            return options->shape;
    return "";
}

/* One call in the making: what the kernel gets, and what keeps it alive. */
struct control {
    const char *function;
    long (*call)(int option, const unsigned long arg[ARGUMENTS]);
    int option;
    unsigned long arg[ARGUMENTS];
    struct text words[ARGUMENTS];
    Py_buffer buffer; /* .obj is NULL while unused */

    char result;   /* the letter of what the kernel writes; 0: the call's own number */
    int result_at; /* which argument */
    int as_int;
    unsigned long as_pointer;
    char as_name[NAME_SIZE];
    PyObject *as_bytes; /* the room for T and B */
};

static void
control_done(struct control *control)
{
    for (int i = 0; i < ARGUMENTS; i++)
        text_done(&control->words[i]);
    PyBuffer_Release(&control->buffer);
    Py_CLEAR(control->as_bytes);
}

#define auto_control __attribute__((cleanup(control_done)))

static const char *const argument_names[ARGUMENTS] = {"arg2", "arg3", "arg4", "arg5"};

/* The letters n, s, z, b: an argument that Python gives. */
static bool
take_given(struct control *control, int i, char letter, PyObject *object)
{
    struct number number = LONG_INTEGER(control->function, argument_names[i], 0);
    struct text *word = &control->words[i];

    switch (letter) {
    case 's':
    case 'z':
        *word = (struct text)WORD(control->function, argument_names[i]);
        word->may_be_none = letter == 'z';
        if (!text_convert(object ? object : Py_None, word))
            return false;
        control->arg[i] = (uintptr_t)word->value;
        return true;
    case 'b':
        if (PyObject_GetBuffer(object ? object : Py_None, &control->buffer, PyBUF_SIMPLE) <
            0)
            return false;
        control->arg[i] = (uintptr_t)control->buffer.buf;
        control->arg[i + 1] = (unsigned long)control->buffer.len;
        return true;
    default:
        if (object && !number_convert(object, &number))
            return false;
        control->arg[i] = number.value;
        return true;
    }
}

/* The letters i, p, c, T, B: an argument that the module gives. */
static bool
take_result(struct control *control, int i, char letter)
{
    control->result = letter;
    control->result_at = i;
    switch (letter) {
    case 'i':
        control->arg[i] = (uintptr_t)&control->as_int;
        return true;
    case 'p':
        control->arg[i] = (uintptr_t)&control->as_pointer;
        return true;
    case 'c':
        control->arg[i] = (uintptr_t)control->as_name;
        return true;
    default:
        control->as_bytes = PyBytes_FromStringAndSize(NULL, FIRST_ROOM);
        return control->as_bytes != NULL;
    }
}

static bool
control_take(struct control *control, const char *shape, PyObject *const given[ARGUMENTS])
{
    int next =
        0; /* of `given`: an argument that the module fills is not in Python's list */

    for (int i = 0; i < ARGUMENTS; i++) {
        char letter = *shape ? *shape++ : 'n';

        if (letter == 'x') {
            PyErr_Format(PyExc_ValueError, "%s: this option is refused: use linux.seccomp",
                         control->function);
            return false;
        }
        if (strchr("ipcTB", letter)) {
            if (!take_result(control, i, letter))
                return false;
        } else if (!take_given(control, i, letter, given[next++])) {
            return false;
        }
        if (strchr("bTB", letter)) /* these take two: place and length */
            i++;
    }
    for (; next < ARGUMENTS; next++)
        if (given[next]) {
            PyErr_Format(PyExc_TypeError, "%s: this option takes fewer arguments",
                         control->function);
            return false;
        }
    return true;
}

/* The call; once more with more room as long as the kernel has more to say. */
static long
control_call(struct control *control)
{
    bool has_room = control->result == 'T' || control->result == 'B';
    long r;

    for (;;) {
        Py_ssize_t room = has_room ? PyBytes_GET_SIZE(control->as_bytes) : 0;

        if (has_room) {
            control->arg[control->result_at] =
                (uintptr_t)PyBytes_AS_STRING(control->as_bytes);
            control->arg[control->result_at + 1] = (unsigned long)room;
        }
        WITHOUT_GIL(r = control->call(control->option, control->arg));
        if (!has_room || r <= room)
            return r;
        Py_SETREF(control->as_bytes, PyBytes_FromStringAndSize(NULL, r));
        if (!control->as_bytes)
            return -ENOMEM;
    }
}

static PyObject *
control_result(const struct control *control, long r)
{
    const char *bytes = control->as_bytes ? PyBytes_AS_STRING(control->as_bytes) : NULL;

    switch (control->result) {
    case 'i':
        return PyLong_FromLong(control->as_int);
    case 'p':
        return PyLong_FromUnsignedLong(control->as_pointer);
    case 'c':
        return PyUnicode_DecodeFSDefaultAndSize(
            control->as_name, (Py_ssize_t)strnlen(control->as_name, NAME_SIZE));
    case 'T':
        return PyUnicode_DecodeFSDefaultAndSize(bytes,
                                                (Py_ssize_t)strnlen(bytes, (size_t)r));
    case 'B':
        return PyBytes_FromStringAndSize(bytes, r);
    default:
        return PyLong_FromLong(r);
    }
}

static PyObject *
control_run(PyObject *module, struct control *control, const struct option *options,
            PyObject *const given[ARGUMENTS])
{
    long r;

    if (!control_take(control, shape_of(options, (uint64_t)(int64_t)control->option),
                      given))
        return NULL;
    r = control_call(control);
    if (PyErr_Occurred())
        return NULL;
    return r < 0 ? error_raise(module, (int)r, NULL, NULL) : control_result(control, r);
}

PyDoc_STRVAR(prctl_doc,
             "prctl($module, option, arg2=0, arg3=0, arg4=0, arg5=0)\n--\n\n"
             "Read or change a property of this thread or process: see prctl(2).\n"
             "Options that write an answer through a pointer return it instead.");

static PyObject *
call_prctl(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"option", "arg2", "arg3", "arg4", "arg5", NULL};
    struct number option = INTEGER("prctl", "option", 0);
    PyObject *given[ARGUMENTS] = {0};
    auto_control struct control control = {.function = "prctl", .call = sys_prctl};

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|OOOO:prctl", names, number_convert,
                                     &option, &given[0], &given[1], &given[2], &given[3]))
        return NULL;
    control.option = (int)option.value;
    return control_run(module, &control, prctl_options, given);
}

PyDoc_STRVAR(keyctl_doc,
             "keyctl($module, operation, arg2=0, arg3=0, arg4=0, arg5=0)\n--\n\n"
             "Work on keys and keyrings: see keyctl(2).\n"
             "Operations that fill a buffer return its content instead.");

static PyObject *
call_keyctl(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"operation", "arg2", "arg3", "arg4", "arg5", NULL};
    struct number operation = INTEGER("keyctl", "operation", 0);
    PyObject *given[ARGUMENTS] = {0};
    auto_control struct control control = {.function = "keyctl", .call = sys_keyctl};

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|OOOO:keyctl", names, number_convert,
                                     &operation, &given[0], &given[1], &given[2],
                                     &given[3]))
        return NULL;
    control.option = (int)operation.value;
    return control_run(module, &control, keyctl_options, given);
}

PyDoc_STRVAR(add_key_doc, "add_key($module, type, description, payload, keyring)\n--\n\n"
                          "Put a key into a keyring: see add_key(2). Returns its number.");

static PyObject *
call_add_key(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"type", "description", "payload", "keyring", NULL};
    auto_text struct text type = WORD("add_key", "type");
    auto_text struct text description = WORD_OR_NONE("add_key", "description");
    __attribute__((cleanup(PyBuffer_Release))) Py_buffer payload = {0};
    struct number keyring = INTEGER("add_key", "keyring", 0);
    long r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&z*O&:add_key", names, text_convert,
                                     &type, text_convert, &description, &payload,
                                     number_convert, &keyring))
        return NULL;
    WITHOUT_GIL(r = sys_add_key(type.value, description.value, payload.buf,
                                (size_t)payload.len, (int)keyring.value));
    return return_number(module, (int)r, NULL);
}

PyMethodDef control_methods[] = {
    METHOD("prctl", call_prctl, prctl_doc),
    METHOD("keyctl", call_keyctl, keyctl_doc),
    METHOD("add_key", call_add_key, add_key_doc),
    END_OF_METHODS,
};
