/* calls_clone.c - a child process of this Python: clone and clone3.
 *
 * The child gets a copy of the memory and goes on where the call stands, as after fork(2);
 * it needs no stack of its own. So it has everything Python has, and Python must be told:
 * the fork hooks run before and after, which reseeds `random`, forgets the threads that
 * did not come along and renews the locks.
 *
 * The child calls the callback and ends. Its exit status is what the callback returned, as
 * in clone(2). Nothing of the parent runs in it: no code after the call, no atexit handler.
 *
 *     parent                                   child
 *     flush stdout, stderr  (else both would write what is still in the buffers)
 *     PyOS_BeforeFork
 *     clone ───────────────────────────────▶  PyOS_AfterFork_Child
 *     PyOS_AfterFork_Parent                    callback(*callback_args)
 *     returns the pid                          flush stdout, stderr; _exit(status)
 *
 * Workshop: 00_fork_exec, 06_pid_namespace
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>

enum {
    STATUS_RAISED = 255,      /* the callback raised */
    STATUS_NOT_FLUSHED = 120, /* its output could not be written; Python's own number */
    MAX_SET_TID = 32,         /* pid namespaces nest no deeper (MAX_PID_NS_LEVEL) */
};

struct child {
    const char *function; /* for messages */
    PyObject *callback;   /* or NULL: the child returns from the call, as after fork */
    PyObject *arguments;  /* a tuple, owned */
};

static void
child_done(struct child *child)
{
    Py_CLEAR(child->arguments);
}

#define auto_child __attribute__((cleanup(child_done)))

static bool
child_take(struct child *child, PyObject *callback, PyObject *arguments)
{
    if (!PyCallable_Check(callback)) {
        PyErr_Format(PyExc_TypeError, "%s: callback should be callable, not %.200s",
                     child->function, Py_TYPE(callback)->tp_name);
        return false;
    }
    if (arguments && !PyTuple_Check(arguments) && !PyList_Check(arguments)) {
        PyErr_Format(PyExc_TypeError, "%s: callback_args should be a tuple, not %.200s",
                     child->function, Py_TYPE(arguments)->tp_name);
        return false;
    }
    child->callback = callback;
    child->arguments = arguments ? PySequence_Tuple(arguments) : PyTuple_New(0);
    return child->arguments != NULL;
}

/* What cannot work from Python, and why. */
static const struct {
    uint64_t flag;
    const char *name, *reason;
} refused[] = {
    {CLONE_VM,             "CLONE_VM",             "two Pythons cannot run in one memory"     },
    {CLONE_SETTLS,         "CLONE_SETTLS",         "the child keeps the thread storage it has"},
    {CLONE_PARENT_SETTID,  "CLONE_PARENT_SETTID",  "the child's pid is the result"            },
    {CLONE_CHILD_SETTID,   "CLONE_CHILD_SETTID",   "the module does it where it can"          },
    {CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID", "the module does it where it can"          },
};

static bool
may_clone(const char *function, uint64_t flags)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(refused); i++)
        if (flags & refused[i].flag) {
            PyErr_Format(PyExc_ValueError, "%s: %s is refused: %s", function,
                         refused[i].name, refused[i].reason);
            return false;
        }
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_Format(PyExc_RuntimeError, "%s: not possible in a subinterpreter", function);
        return false;
    }
#if PY_VERSION_HEX >= 0x030d0000
    if (Py_IsFinalizing()) {
#else
    if (_Py_IsFinalizing()) {
#endif
        PyErr_Format(PyExc_RuntimeError, "%s: not possible while Python shuts down",
                     function);
        return false;
    }
    return true;
}

/* Flush sys.stdout and sys.stderr. A stream that is None, closed, or no stream is fine.
 * False with an exception set when one could not be written. */
static bool
flush_streams(void)
{
    static const char *const streams[] = {"stdout", "stderr"};

    for (size_t i = 0; i < Py_ARRAY_LENGTH(streams); i++) {
        PyObject *stream = PySys_GetObject(streams[i]); /* borrowed */
        PyObject *done;

        if (!stream || stream == Py_None)
            continue;
        Py_INCREF(stream);
        done = PyObject_CallMethod(stream, "flush", NULL);
        Py_DECREF(stream);
        Py_XDECREF(done);
        if (done)
            continue;
        if (!PyErr_ExceptionMatches(PyExc_ValueError) &&
            !PyErr_ExceptionMatches(PyExc_AttributeError))
            return false;
        PyErr_Clear();
    }
    return true;
}

/* The exit status for the exception that is set; says on stderr what happened. */
static int
status_of_exception(void)
{
    PyObject *type, *value, *traceback, *code;
    int status = 0;

    if (!PyErr_ExceptionMatches(PyExc_SystemExit)) {
        PyErr_PrintEx(0);
        return STATUS_RAISED;
    }
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    code = PyObject_GetAttrString(value, "code");
    if (code && PyLong_Check(code)) {
        status = (int)PyLong_AsUnsignedLongMask(code);
    } else if (code && code != Py_None) { /* sys.exit("a message") */
        PyObject *text = PyObject_Str(code);

        PySys_FormatStderr("%V\n", text, "?");
        Py_XDECREF(text);
        status = 1;
    }
    PyErr_Clear();
    Py_XDECREF(code);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return status;
}

static int
status_of_result(const struct child *child, PyObject *result)
{
    if (result == Py_None)
        return 0;
    if (PyLong_Check(result))
        return (int)PyLong_AsUnsignedLongMask(result);
    PyErr_Format(PyExc_TypeError, "%s: callback should return an exit status, not %.200s",
                 child->function, Py_TYPE(result)->tp_name);
    return status_of_exception();
}

/* Runs in the child only. */
static void __attribute__((noreturn)) child_run(const struct child *child)
{
    PyObject *result = PyObject_Call(child->callback, child->arguments, NULL);
    int status = result ? status_of_result(child, result) : status_of_exception();

    if (!flush_streams()) {
        PyErr_WriteUnraisable(child->callback);
        status = status & 0xff ? status : STATUS_NOT_FLUSHED;
    }
    _exit(status & 0xff);
}

/* Where the C library keeps this thread's id, or NULL. The kernel writes the child's id
 * there, or locks that know their owner would take the child for its parent. The kernel
 * knows the place because the C library registered it (set_tid_address(2)); it is trusted
 * only if our id is what it holds. */
static pid_t *
thread_id_place(void)
{
    pid_t *place = NULL;

    if (prctl(PR_GET_TID_ADDRESS, &place, 0, 0, 0) < 0 || !place ||
        *place != (pid_t)syscall(SYS_gettid))
        return NULL;
    return place;
}

/* How to make the child: clone(2) when `size` is 0, else clone3(2). */
struct request {
    struct clone_args args;
    size_t size;
};

static pid_t
request_send(struct request *request)
{
    struct clone_args *args = &request->args;
    pid_t *place = thread_id_place();

    if (place) {
        args->flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
        args->child_tid = (uintptr_t)place;
    }
    return request->size ? sys_clone3(args, request->size)
                         : sys_clone(args->flags | args->exit_signal, place);
}

/* The pid, in the parent; 0 in a child without a callback; < 0: an exception is set. */
static pid_t
child_start(PyObject *module, const struct child *child, struct request *request)
{
    pid_t pid;

    if (!may_clone(child->function, request->args.flags) || !flush_streams())
        return -1;
    PyOS_BeforeFork();
    pid = request_send(request);
    if (pid == 0) {
        PyOS_AfterFork_Child();
        if (child->callback)
            child_run(child);
        return 0;
    }
    PyOS_AfterFork_Parent();
    if (pid < 0)
        error_raise(module, pid, NULL, NULL);
    return pid;
}

PyDoc_STRVAR(clone_doc, "clone($module, callback, flags, callback_args=())\n--\n\n"
                        "Call callback(*callback_args) in a new process: see clone(2).\n"
                        "Returns the pid; what the callback returns is the exit status.");

static PyObject *
call_clone(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"callback", "flags", "callback_args", NULL};
    auto_child struct child child = {.function = "clone"};
    PyObject *callback, *arguments = NULL;
    struct number flags = FLAGS32("clone", "flags");
    struct request request = {0};
    pid_t pid;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO&|O:clone", names, &callback,
                                     number_convert, &flags, &arguments) ||
        !child_take(&child, callback, arguments))
        return NULL;
    /* The one needs a place for its answer, the other lies in the signal's byte. */
    if (flags.value & (CLONE_PIDFD | CLONE_NEWTIME)) {
        PyErr_SetString(PyExc_ValueError,
                        "clone: CLONE_PIDFD and CLONE_NEWTIME are refused: use clone3");
        return NULL;
    }
    /* A child without a signal could be waited for with __WALL only, which os.waitpid
     * does not pass on every Python; so no signal means SIGCHLD. */
    request.args.flags = flags.value & ~(uint64_t)CSIGNAL;
    request.args.exit_signal = flags.value & CSIGNAL ? flags.value & CSIGNAL : SIGCHLD;
    pid = child_start(module, &child, &request);
    return pid < 0 ? NULL : PyLong_FromLong(pid);
}

static PyStructSequence_Field clone_result_fields[] = {
    {"pid",   "the child's pid; 0 in a child without a callback"      },
    {"pidfd", "with CLONE_PIDFD a descriptor for the child, else None"},
    {NULL,    NULL                                                    },
};

PyStructSequence_Desc clone_result_description = {
    .name = "linux.CloneResult",
    .doc = "What clone3 returns.",
    .fields = clone_result_fields,
    .n_in_sequence = 2,
};

/* A new linux.CloneResult; `pidfd` < 0 for None. */
static PyObject *
clone_result(PyObject *module, pid_t pid, int pidfd)
{
    PyObject *result = PyStructSequence_New(module_state(module)->clone_result);
    PyObject *number = PyLong_FromLong(pid);
    PyObject *descriptor = pidfd < 0 ? Py_BuildValue("") : PyLong_FromLong(pidfd);

    if (!result || !number || !descriptor) {
        Py_XDECREF(result);
        Py_XDECREF(number);
        Py_XDECREF(descriptor);
        return NULL;
    }
    PyStructSequence_SetItem(result, 0, number);
    PyStructSequence_SetItem(result, 1, descriptor);
    return result;
}

/* The pids for set_tid, innermost namespace first. Their count, or -1 with an exception. */
static int
take_set_tid(PyObject *object, pid_t pids[MAX_SET_TID])
{
    PyObject *items = PySequence_Tuple(object);
    int count = items ? (int)Py_MIN(PyTuple_GET_SIZE(items), INT_MAX) : -1;

    if (count > MAX_SET_TID) {
        PyErr_Format(PyExc_ValueError, "clone3: set_tid should have at most %d pids",
                     MAX_SET_TID);
        count = -1;
    }
    for (int i = 0; i < count; i++) {
        struct number pid = INTEGER("clone3", "a pid in set_tid", 0);

        if (number_convert(PyTuple_GET_ITEM(items, i), &pid))
            pids[i] = (pid_t)pid.value;
        else
            count = -1;
    }
    Py_XDECREF(items);
    return count;
}

PyDoc_STRVAR(clone3_doc,
             "clone3($module, callback=None, flags=0, callback_args=(), exit_signal=17, "
             "set_tid=(), cgroup=0)\n--\n\n"
             "Call callback(*callback_args) in a new process: see clone3 in clone(2).\n"
             "Returns CloneResult(pid, pidfd). Without a callback it returns in both\n"
             "processes, with pid 0 in the child.");

static PyObject *
call_clone3(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"callback", "flags", "callback_args", "exit_signal", "set_tid",
                            "cgroup",   NULL};
    auto_child struct child child = {.function = "clone3"};
    PyObject *callback = Py_None, *arguments = NULL, *set_tid = NULL;
    struct number flags = FLAGS64("clone3", "flags");
    struct number exit_signal = FLAGS64("clone3", "exit_signal");
    struct descriptor cgroup = {"clone3", "cgroup", 0};
    struct request request = {.size = sizeof(request.args)};
    pid_t pids[MAX_SET_TID], pid;
    int pidfd = -1, count = 0;

    exit_signal.value = SIGCHLD;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO&OO&OO&:clone3", names, &callback,
                                     number_convert, &flags, &arguments, number_convert,
                                     &exit_signal, &set_tid, descriptor_convert, &cgroup))
        return NULL;
    if (callback != Py_None && !child_take(&child, callback, arguments))
        return NULL;
    if (set_tid && (count = take_set_tid(set_tid, pids)) < 0)
        return NULL;

    request.args = (struct clone_args){
        .flags = flags.value,
        .pidfd = (uintptr_t)&pidfd,
        .exit_signal = exit_signal.value,
        .set_tid = count ? (uintptr_t)pids : 0,
        .set_tid_size = (uint64_t)count,
        .cgroup = (uint64_t)cgroup.value,
    };
    pid = child_start(module, &child, &request);
    return pid < 0 ? NULL : clone_result(module, pid, pidfd);
}

PyMethodDef clone_methods[] = {
    METHOD("clone", call_clone, clone_doc),
    METHOD("clone3", call_clone3, clone3_doc),
    END_OF_METHODS,
};
