/* calls_capability.c - capget and capset.
 *
 * The kernel hands a set of capabilities over as two 32-bit words, for history's sake; in
 * Python each set is one integer, and capability CAP_X is the bit 1 << CAP_X.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

#include "linux/privilege.h"

static PyStructSequence_Field capabilities_fields[] = {
    {"effective",   "the capabilities that the kernel checks"               },
    {"permitted",   "the capabilities that may be made effective"           },
    {"inheritable", "the capabilities that a program file may add on execve"},
    {NULL,          NULL                                                    },
};

PyStructSequence_Desc capabilities_description = {
    .name = "linux.Capabilities",
    .doc = "The capability sets of a thread, each an integer with bit 1 << CAP_X set.",
    .fields = capabilities_fields,
    .n_in_sequence = 3,
};

static uint64_t
join(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

PyDoc_STRVAR(capget_doc,
             "capget($module, pid=0)\n--\n\n"
             "The capability sets of a thread, 0 for the caller: see capget(2).");

static PyObject *
call_capget(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pid", NULL};
    struct number pid = INTEGER("capget", "pid", 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    uint64_t sets[3];
    PyObject *result;
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O&:capget", names, number_convert,
                                     &pid))
        return NULL;
    header.pid = (int)pid.value;
    WITHOUT_GIL(r = sys_capget(&header, data));
    if (r < 0)
        return error_raise(module, r, NULL, NULL);

    sets[0] = join(data[0].effective, data[1].effective);
    sets[1] = join(data[0].permitted, data[1].permitted);
    sets[2] = join(data[0].inheritable, data[1].inheritable);
    result = PyStructSequence_New(module_state(module)->capabilities);
    for (int i = 0; result && i < 3; i++) {
        PyObject *set = PyLong_FromUnsignedLongLong(sets[i]);

        if (set)
            PyStructSequence_SetItem(result, i, set);
        else
            Py_CLEAR(result);
    }
    return result;
}

PyDoc_STRVAR(capset_doc, "capset($module, effective, permitted, inheritable)\n--\n\n"
                         "Set the capability sets of this thread: see capset(2).");

static PyObject *
call_capset(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"effective", "permitted", "inheritable", NULL};
    struct number effective = FLAGS64("capset", "effective");
    struct number permitted = FLAGS64("capset", "permitted");
    struct number inheritable = FLAGS64("capset", "inheritable");
    struct lx_caps caps;
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&O&:capset", names, number_convert,
                                     &effective, number_convert, &permitted, number_convert,
                                     &inheritable))
        return NULL;
    caps = (struct lx_caps){effective.value, permitted.value, inheritable.value};
    WITHOUT_GIL(r = lx_capset(&caps));
    return return_none(module, r, NULL, NULL);
}

PyMethodDef capability_methods[] = {
    METHOD("capget", call_capget, capget_doc),
    METHOD("capset", call_capset, capset_doc),
    END_OF_METHODS,
};
