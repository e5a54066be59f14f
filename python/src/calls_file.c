/* calls_file.c - files and descriptors: openat2, close_range, memfd_create and its seals.
 *
 * openat2 resolves a path under rules (RESOLVE_IN_ROOT and its like), which is how a path
 * inside an image or a container can be opened without being led out of it. close_range
 * keeps the caller's descriptors out of a container. A sealed memfd is a file that nobody
 * can change any more.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/openat2.h>

PyDoc_STRVAR(openat2_doc,
             "openat2($module, dirfd, path, flags=0, mode=0, resolve=0)\n--\n\n"
             "Open a file, with rules on how its path is walked: see openat2(2).\n"
             "Returns a new descriptor.");

static PyObject *
call_openat2(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dirfd", "path", "flags", "mode", "resolve", NULL};
    struct descriptor dirfd = DESCRIPTOR("openat2", "dirfd");
    auto_text struct text path = PATH("openat2", "path");
    struct number flags = FLAGS64("openat2", "flags");
    struct number mode = FLAGS64("openat2", "mode");
    struct number resolve = FLAGS64("openat2", "resolve");
    struct open_how how;
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&O&O&:openat2", names,
                                     descriptor_convert, &dirfd, text_convert, &path,
                                     number_convert, &flags, number_convert, &mode,
                                     number_convert, &resolve))
        return NULL;
    how = (struct open_how){
        .flags = flags.value | O_CLOEXEC, .mode = mode.value, .resolve = resolve.value};
    WITHOUT_GIL(r = sys_openat2(dirfd.value, path.value, &how, sizeof(how)));
    return return_number(module, r, &path);
}

PyDoc_STRVAR(close_range_doc,
             "close_range($module, first, last=4294967295, flags=0)\n--\n\n"
             "Close the descriptors first to last, both included: see close_range(2).");

static PyObject *
call_close_range(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"first", "last", "flags", NULL};
    struct number first = FLAGS32("close_range", "first");
    struct number last = FLAGS32("close_range", "last");
    struct number flags = FLAGS32("close_range", "flags");
    int r;

    last.value = UINT32_MAX;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&O&:close_range", names,
                                     number_convert, &first, number_convert, &last,
                                     number_convert, &flags))
        return NULL;
    WITHOUT_GIL(r = sys_close_range((unsigned)first.value, (unsigned)last.value,
                                    (unsigned)flags.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(memfd_create_doc, "memfd_create($module, name, flags=0)\n--\n\n"
                               "A file in memory: see memfd_create(2).\n"
                               "Returns a new descriptor.");

static PyObject *
call_memfd_create(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", "flags", NULL};
    auto_text struct text name = WORD("memfd_create", "name");
    struct number flags = FLAGS32("memfd_create", "flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&:memfd_create", names,
                                     text_convert, &name, number_convert, &flags))
        return NULL;
    WITHOUT_GIL(r = sys_memfd_create(name.value, (unsigned)flags.value | MFD_CLOEXEC));
    return return_number(module, r, NULL);
}

PyDoc_STRVAR(add_seals_doc, "add_seals($module, fd, seals)\n--\n\n"
                            "Forbid changes of a memfd: see F_ADD_SEALS in fcntl(2).");

static PyObject *
call_add_seals(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", "seals", NULL};
    struct descriptor fd = DESCRIPTOR("add_seals", "fd");
    struct number seals = FLAGS32("add_seals", "seals");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&:add_seals", names,
                                     descriptor_convert, &fd, number_convert, &seals))
        return NULL;
    WITHOUT_GIL(r = sys_fcntl(fd.value, F_ADD_SEALS, seals.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(get_seals_doc, "get_seals($module, fd)\n--\n\n"
                            "The seals of a memfd: see F_GET_SEALS in fcntl(2).");

static PyObject *
call_get_seals(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", NULL};
    struct descriptor fd = DESCRIPTOR("get_seals", "fd");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:get_seals", names,
                                     descriptor_convert, &fd))
        return NULL;
    WITHOUT_GIL(r = sys_fcntl(fd.value, F_GET_SEALS, 0));
    return return_number(module, r, NULL);
}

PyMethodDef file_methods[] = {
    METHOD("openat2", call_openat2, openat2_doc),
    METHOD("close_range", call_close_range, close_range_doc),
    METHOD("memfd_create", call_memfd_create, memfd_create_doc),
    METHOD("add_seals", call_add_seals, add_seals_doc),
    METHOD("get_seals", call_get_seals, get_seals_doc),
    END_OF_METHODS,
};
