/* calls_mount_fd.c - mounts as descriptors, the mount interface of Linux 5.2 and later.
 *
 * A file system is configured before it is mounted (fsopen, fsconfig, fsmount), a mount is
 * taken or copied (open_tree), changed (mount_setattr) and put in its place (move_mount).
 * No path is walked twice, so nobody can swap a directory for a link in between.
 *
 * Each new descriptor is close-on-exec, as PEP 446 asks of Python modules;
 * os.set_inheritable undoes it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"
#include "sys.h"

#include "linux/mount.h"

PyDoc_STRVAR(open_tree_doc,
             "open_tree($module, dirfd, path, flags=0)\n--\n\n"
             "Take the mount at path, or with OPEN_TREE_CLONE a copy of it: see "
             "open_tree(2).\nReturns a new descriptor.");

static PyObject *
call_open_tree(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dirfd", "path", "flags", NULL};
    struct descriptor dirfd = DESCRIPTOR("open_tree", "dirfd");
    auto_text struct text path = PATH("open_tree", "path");
    struct number flags = FLAGS32("open_tree", "flags");
    int fd;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&:open_tree", names,
                                     descriptor_convert, &dirfd, text_convert, &path,
                                     number_convert, &flags))
        return NULL;
    WITHOUT_GIL(fd = lx_open_tree(dirfd.value, path.value, (unsigned)flags.value));
    return return_number(module, fd, &path);
}

PyDoc_STRVAR(
    move_mount_doc,
    "move_mount($module, from_dirfd, from_path, to_dirfd, to_path, flags=0)\n--\n\n"
    "Put a mount in its place, or move it to another: see move_mount(2).");

static PyObject *
call_move_mount(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"from_dirfd", "from_path", "to_dirfd",
                            "to_path",    "flags",     NULL};
    struct descriptor from_dirfd = DESCRIPTOR("move_mount", "from_dirfd");
    auto_text struct text from_path = PATH("move_mount", "from_path");
    struct descriptor to_dirfd = DESCRIPTOR("move_mount", "to_dirfd");
    auto_text struct text to_path = PATH("move_mount", "to_path");
    struct number flags = FLAGS32("move_mount", "flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&O&O&|O&:move_mount", names,
                                     descriptor_convert, &from_dirfd, text_convert,
                                     &from_path, descriptor_convert, &to_dirfd,
                                     text_convert, &to_path, number_convert, &flags))
        return NULL;
    WITHOUT_GIL(r = sys_move_mount(from_dirfd.value, from_path.value, to_dirfd.value,
                                   to_path.value, (unsigned)flags.value));
    return return_none(module, r, &from_path, &to_path);
}

PyDoc_STRVAR(fsopen_doc, "fsopen($module, fsname, flags=0)\n--\n\n"
                         "Begin a new file system of a type: see fsopen(2).\n"
                         "Returns a new descriptor, for fsconfig and fsmount.");

static PyObject *
call_fsopen(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fsname", "flags", NULL};
    auto_text struct text fsname = WORD("fsopen", "fsname");
    struct number flags = FLAGS32("fsopen", "flags");
    int fd;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&:fsopen", names, text_convert,
                                     &fsname, number_convert, &flags))
        return NULL;
    WITHOUT_GIL(fd = sys_fsopen(fsname.value, (unsigned)flags.value | FSOPEN_CLOEXEC));
    return return_number(module, fd, NULL);
}

PyDoc_STRVAR(fspick_doc, "fspick($module, dirfd, path, flags=0)\n--\n\n"
                         "Take a mounted file system to configure it anew: see fspick(2).\n"
                         "Returns a new descriptor, for fsconfig.");

static PyObject *
call_fspick(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dirfd", "path", "flags", NULL};
    struct descriptor dirfd = DESCRIPTOR("fspick", "dirfd");
    auto_text struct text path = PATH("fspick", "path");
    struct number flags = FLAGS32("fspick", "flags");
    int fd;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&:fspick", names,
                                     descriptor_convert, &dirfd, text_convert, &path,
                                     number_convert, &flags))
        return NULL;
    WITHOUT_GIL(
        fd = sys_fspick(dirfd.value, path.value, (unsigned)flags.value | FSPICK_CLOEXEC));
    return return_number(module, fd, &path);
}

/* fsconfig's value: None, a word or path, or bytes-like for FSCONFIG_SET_BINARY, whose
 * length travels in `aux`. */
struct config_value {
    bool is_binary;
    struct text text;
    Py_buffer buffer; /* .obj is NULL while unused */
};

static void
config_value_done(struct config_value *value)
{
    text_done(&value->text);
    PyBuffer_Release(&value->buffer);
}

static bool
config_value_take(struct config_value *value, PyObject *object)
{
    if (!value->is_binary)
        return text_convert(object, &value->text);
    if (PyObject_GetBuffer(object, &value->buffer, PyBUF_SIMPLE) < 0)
        return false;
    if (value->buffer.len <= INT_MAX)
        return true;
    PyErr_SetString(PyExc_ValueError, "fsconfig: value is too long");
    return false;
}

PyDoc_STRVAR(fsconfig_doc,
             "fsconfig($module, fd, cmd, key=None, value=None, aux=0)\n--\n\n"
             "Set one parameter of a file system that is being made, or make it: see "
             "fsconfig(2).");

static PyObject *
call_fsconfig(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", "cmd", "key", "value", "aux", NULL};
    struct descriptor fd = DESCRIPTOR("fsconfig", "fd");
    struct number cmd = FLAGS32("fsconfig", "cmd");
    auto_text struct text key = WORD_OR_NONE("fsconfig", "key");
    PyObject *object = Py_None;
    __attribute__((cleanup(config_value_done))) struct config_value value = {
        .text = PATH_OR_NONE("fsconfig", "value")};
    struct number aux = INTEGER("fsconfig", "aux", 0);
    const void *pointer;
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&OO&:fsconfig", names,
                                     descriptor_convert, &fd, number_convert, &cmd,
                                     text_convert, &key, &object, number_convert, &aux))
        return NULL;
    value.is_binary = cmd.value == FSCONFIG_SET_BINARY;
    if (!config_value_take(&value, object))
        return NULL;
    pointer = value.is_binary ? value.buffer.buf : value.text.value;
    if (value.is_binary)
        aux.value = (uint64_t)value.buffer.len;
    WITHOUT_GIL(r = sys_fsconfig(fd.value, (unsigned)cmd.value, key.value, pointer,
                                 (int)aux.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(fsmount_doc, "fsmount($module, fd, flags=0, attr_flags=0)\n--\n\n"
                          "Make a mount of a configured file system: see fsmount(2).\n"
                          "Returns a new descriptor, for move_mount.");

static PyObject *
call_fsmount(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", "flags", "attr_flags", NULL};
    struct descriptor fd = DESCRIPTOR("fsmount", "fd");
    struct number flags = FLAGS32("fsmount", "flags");
    struct number attr_flags = FLAGS32("fsmount", "attr_flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&O&:fsmount", names,
                                     descriptor_convert, &fd, number_convert, &flags,
                                     number_convert, &attr_flags))
        return NULL;
    WITHOUT_GIL(r = sys_fsmount(fd.value, (unsigned)flags.value | FSMOUNT_CLOEXEC,
                                (unsigned)attr_flags.value));
    return return_number(module, r, NULL);
}

PyDoc_STRVAR(mount_setattr_doc,
             "mount_setattr($module, dirfd, path, flags=0, attr_set=0, attr_clr=0, "
             "propagation=0, userns_fd=0)\n--\n\n"
             "Change the properties of a mount or of a tree of mounts: see "
             "mount_setattr(2).");

static PyObject *
call_mount_setattr(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dirfd",    "path",        "flags",     "attr_set",
                            "attr_clr", "propagation", "userns_fd", NULL};
    struct descriptor dirfd = DESCRIPTOR("mount_setattr", "dirfd");
    auto_text struct text path = PATH("mount_setattr", "path");
    struct number flags = FLAGS32("mount_setattr", "flags");
    struct number attr_set = FLAGS64("mount_setattr", "attr_set");
    struct number attr_clr = FLAGS64("mount_setattr", "attr_clr");
    struct number propagation = FLAGS64("mount_setattr", "propagation");
    struct descriptor userns = {"mount_setattr", "userns_fd", 0};
    struct lx_mount_attr attr;
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&O&O&O&O&:mount_setattr", names,
                                     descriptor_convert, &dirfd, text_convert, &path,
                                     number_convert, &flags, number_convert, &attr_set,
                                     number_convert, &attr_clr, number_convert,
                                     &propagation, descriptor_convert, &userns))
        return NULL;
    attr = (struct lx_mount_attr){attr_set.value, attr_clr.value, propagation.value,
                                  userns.value};
    WITHOUT_GIL(
        r = lx_mount_setattr(dirfd.value, path.value, (unsigned)flags.value, &attr));
    return return_none(module, r, &path, NULL);
}

PyMethodDef mount_fd_methods[] = {
    METHOD("open_tree", call_open_tree, open_tree_doc),
    METHOD("move_mount", call_move_mount, move_mount_doc),
    METHOD("fsopen", call_fsopen, fsopen_doc),
    METHOD("fspick", call_fspick, fspick_doc),
    METHOD("fsconfig", call_fsconfig, fsconfig_doc),
    METHOD("fsmount", call_fsmount, fsmount_doc),
    METHOD("mount_setattr", call_mount_setattr, mount_setattr_doc),
    END_OF_METHODS,
};
