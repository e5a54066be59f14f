/* calls_pidfd.c - processes as descriptors: pidfd_open, pidfd_send_signal, pidfd_getfd.
 *
 * A pid can be given to another process once its owner is reaped; a pidfd stays with the
 * process it was opened for. It becomes readable in poll(2) when the process ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

PyDoc_STRVAR(pidfd_open_doc, "pidfd_open($module, pid, flags=0)\n--\n\n"
                             "A descriptor for a process: see pidfd_open(2).");

static PyObject *
call_pidfd_open(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pid", "flags", NULL};
    struct number pid = INTEGER("pidfd_open", "pid", 0);
    struct number flags = FLAGS32("pidfd_open", "flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&:pidfd_open", names,
                                     number_convert, &pid, number_convert, &flags))
        return NULL;
    WITHOUT_GIL(r = sys_pidfd_open((pid_t)pid.value, (unsigned)flags.value));
    return return_number(module, r, NULL);
}

PyDoc_STRVAR(pidfd_send_signal_doc,
             "pidfd_send_signal($module, pidfd, signal, flags=0)\n--\n\n"
             "Send a signal to the process of a pidfd: see pidfd_send_signal(2).");

static PyObject *
call_pidfd_send_signal(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pidfd", "signal", "flags", NULL};
    struct descriptor pidfd = DESCRIPTOR("pidfd_send_signal", "pidfd");
    struct number signal = INTEGER("pidfd_send_signal", "signal", 0);
    struct number flags = FLAGS32("pidfd_send_signal", "flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&:pidfd_send_signal", names,
                                     descriptor_convert, &pidfd, number_convert, &signal,
                                     number_convert, &flags))
        return NULL;
    WITHOUT_GIL(
        r = sys_pidfd_send_signal(pidfd.value, (int)signal.value, (unsigned)flags.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(pidfd_getfd_doc,
             "pidfd_getfd($module, pidfd, targetfd, flags=0)\n--\n\n"
             "A copy of another process's descriptor: see pidfd_getfd(2).");

static PyObject *
call_pidfd_getfd(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pidfd", "targetfd", "flags", NULL};
    struct descriptor pidfd = DESCRIPTOR("pidfd_getfd", "pidfd");
    struct number targetfd = INTEGER("pidfd_getfd", "targetfd", 0);
    struct number flags = FLAGS32("pidfd_getfd", "flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&:pidfd_getfd", names,
                                     descriptor_convert, &pidfd, number_convert, &targetfd,
                                     number_convert, &flags))
        return NULL;
    WITHOUT_GIL(
        r = sys_pidfd_getfd(pidfd.value, (int)targetfd.value, (unsigned)flags.value));
    return return_number(module, r, NULL);
}

PyMethodDef pidfd_methods[] = {
    METHOD("pidfd_open", call_pidfd_open, pidfd_open_doc),
    METHOD("pidfd_send_signal", call_pidfd_send_signal, pidfd_send_signal_doc),
    METHOD("pidfd_getfd", call_pidfd_getfd, pidfd_getfd_doc),
    END_OF_METHODS,
};
