/* calls_seccomp.c - seccomp: a program of the kernel judges each later system call.
 *
 * The filter is a list of instructions of classic BPF. In Python it is a sequence of
 * (code, jt, jf, k), the fields of struct sock_filter, or the same as bytes.
 *
 * Workshop: 21_seccomp
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

#include "linux/privilege.h"

static PyStructSequence_Field notify_sizes_fields[] = {
    {"seccomp_notif",      "size of struct seccomp_notif, a request"       },
    {"seccomp_notif_resp", "size of struct seccomp_notif_resp, an answer"  },
    {"seccomp_data",       "size of struct seccomp_data, part of a request"},
    {NULL,                 NULL                                            },
};

PyStructSequence_Desc notify_sizes_description = {
    .name = "linux.SeccompNotifSizes",
    .doc = "Sizes in bytes of the structures of a seccomp listener.",
    .fields = notify_sizes_fields,
    .n_in_sequence = 3,
};

struct program {
    PyObject *bytes; /* owns `filter` */
    const struct sock_filter *filter;
    size_t count;
};

static void
program_done(struct program *program)
{
    Py_CLEAR(program->bytes);
}

#define auto_program __attribute__((cleanup(program_done)))

static bool
take_instruction(PyObject *object, struct sock_filter *ret)
{
    struct number fields[] = {
        {"seccomp", "code of an instruction", 0, UINT16_MAX, 0},
        {"seccomp", "jt of an instruction",   0, UINT8_MAX,  0},
        {"seccomp", "jf of an instruction",   0, UINT8_MAX,  0},
        {"seccomp", "k of an instruction",    0, UINT32_MAX, 0},
    };
    PyObject *items = PySequence_Tuple(object);
    bool is_good = items && PyTuple_GET_SIZE(items) == (Py_ssize_t)Py_ARRAY_LENGTH(fields);

    if (!is_good) {
        if (items)
            PyErr_SetString(PyExc_ValueError,
                            "seccomp: an instruction should be (code, jt, jf, k)");
        Py_XDECREF(items);
        return false;
    }
    for (size_t i = 0; is_good && i < Py_ARRAY_LENGTH(fields); i++)
        is_good = number_convert(PyTuple_GET_ITEM(items, (Py_ssize_t)i), &fields[i]);
    Py_DECREF(items);
    *ret = (struct sock_filter){(uint16_t)fields[0].value, (uint8_t)fields[1].value,
                                (uint8_t)fields[2].value, (uint32_t)fields[3].value};
    return is_good;
}

/* New bytes of the instructions of a sequence; NULL with an exception set. */
static PyObject *
assemble(PyObject *sequence)
{
    PyObject *items = PySequence_Tuple(sequence);
    PyObject *bytes;
    struct sock_filter *instructions;
    bool is_good = items != NULL;

    if (!items)
        return NULL;
    bytes = PyBytes_FromStringAndSize(NULL, PyTuple_GET_SIZE(items) *
                                                (Py_ssize_t)sizeof(struct sock_filter));
    instructions = bytes ? (struct sock_filter *)(void *)PyBytes_AS_STRING(bytes) : NULL;
    for (Py_ssize_t i = 0; bytes && is_good && i < PyTuple_GET_SIZE(items); i++)
        is_good = take_instruction(PyTuple_GET_ITEM(items, i), &instructions[i]);
    Py_DECREF(items);
    if (!is_good)
        Py_CLEAR(bytes);
    return bytes;
}

static bool
program_take(struct program *program, PyObject *object)
{
    Py_ssize_t size, each = sizeof(struct sock_filter);

    program->bytes = PyObject_CheckBuffer(object) ? PyBytes_FromObject(object)
                                                  : assemble(object);
    if (!program->bytes)
        return false;
    size = PyBytes_GET_SIZE(program->bytes);
    if (size % each || size / each > BPF_MAXINSNS) {
        PyErr_Format(PyExc_ValueError,
                     "seccomp: a filter is at most %d instructions of %zd bytes each",
                     BPF_MAXINSNS, each);
        return false;
    }
    program->count = (size_t)(size / each);
    program->filter = (const void *)PyBytes_AS_STRING(program->bytes);
    return true;
}

static PyObject *
set_filter(PyObject *module, unsigned flags, PyObject *object)
{
    auto_program struct program program = {0};
    int r;

    if (!program_take(&program, object))
        return NULL;
    WITHOUT_GIL(r = lx_seccomp_filter(flags, program.filter, program.count));
    return return_number(module, r, NULL);
}

static PyObject *
action_avail(PyObject *module, unsigned flags, PyObject *object)
{
    struct number action = FLAGS32("seccomp", "args (an action)");
    uint32_t value;
    int r;

    if (!number_convert(object, &action))
        return NULL;
    value = (uint32_t)action.value;
    WITHOUT_GIL(r = sys_seccomp(SECCOMP_GET_ACTION_AVAIL, flags, &value));
    return return_number(module, r, NULL);
}

static PyObject *
notify_sizes(PyObject *module, unsigned flags)
{
    struct seccomp_notif_sizes sizes;
    PyObject *result;
    int r;

    WITHOUT_GIL(r = sys_seccomp(SECCOMP_GET_NOTIF_SIZES, flags, &sizes));
    if (r < 0)
        return error_raise(module, r, NULL, NULL);
    result = PyStructSequence_New(module_state(module)->notify_sizes);
    if (!result)
        return NULL;
    PyStructSequence_SetItem(result, 0, PyLong_FromLong(sizes.seccomp_notif));
    PyStructSequence_SetItem(result, 1, PyLong_FromLong(sizes.seccomp_notif_resp));
    PyStructSequence_SetItem(result, 2, PyLong_FromLong(sizes.seccomp_data));
    return result;
}

PyDoc_STRVAR(seccomp_doc, "seccomp($module, operation, flags=0, args=None)\n--\n\n"
                          "Restrict the system calls of this thread: see seccomp(2).");

static PyObject *
call_seccomp(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"operation", "flags", "args", NULL};
    struct number operation = FLAGS32("seccomp", "operation");
    struct number flags = FLAGS32("seccomp", "flags");
    PyObject *object = Py_None;
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&O:seccomp", names, number_convert,
                                     &operation, number_convert, &flags, &object))
        return NULL;
    if (operation.value == SECCOMP_SET_MODE_FILTER)
        return set_filter(module, (unsigned)flags.value, object);
    if (operation.value == SECCOMP_GET_ACTION_AVAIL)
        return action_avail(module, (unsigned)flags.value, object);
    if (object != Py_None) {
        PyErr_SetString(PyExc_TypeError, "seccomp: args should be None for this operation");
        return NULL;
    }
    if (operation.value == SECCOMP_GET_NOTIF_SIZES)
        return notify_sizes(module, (unsigned)flags.value);
    WITHOUT_GIL(r = sys_seccomp((unsigned)operation.value, (unsigned)flags.value, NULL));
    return return_number(module, r, NULL);
}

PyMethodDef seccomp_methods[] = {
    METHOD("seccomp", call_seccomp, seccomp_doc),
    END_OF_METHODS,
};
