/* calls_mount.c - the mount table by paths: mount, umount, umount2, pivot_root.
 *
 * These are the calls of the classic workshop levels 02 to 04. Names, order and meaning of
 * the arguments are those of mount(2), umount(2) and pivot_root(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"

#include "linux/mount.h"

PyDoc_STRVAR(mount_doc,
             "mount($module, source, target, filesystemtype=None, mountflags=0,\n"
             "      mountopts=None)\n--\n\n"
             "Mount a file system, or change a mount: see mount(2).");

static PyObject *
call_mount(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"source",     "target",    "filesystemtype",
                            "mountflags", "mountopts", NULL};
    auto_text struct text source = PATH_OR_NONE("mount", "source");
    auto_text struct text target = PATH("mount", "target");
    auto_text struct text type = WORD_OR_NONE("mount", "filesystemtype");
    auto_text struct text options = WORD_OR_NONE("mount", "mountopts");
    struct number flags = FLAGS64("mount", "mountflags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|O&O&O&:mount", names, text_convert,
                                     &source, text_convert, &target, text_convert, &type,
                                     number_convert, &flags, text_convert, &options))
        return NULL;
    WITHOUT_GIL(
        r = lx_mount(source.value, target.value, type.value, flags.value, options.value));
    return return_none(module, r, &target, &source);
}

PyDoc_STRVAR(umount_doc, "umount($module, target)\n--\n\n"
                         "Take away the topmost mount at target: see umount(2).");

static PyObject *
call_umount(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"target", NULL};
    auto_text struct text target = PATH("umount", "target");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:umount", names, text_convert,
                                     &target))
        return NULL;
    WITHOUT_GIL(r = lx_umount2(target.value, 0));
    return return_none(module, r, &target, NULL);
}

PyDoc_STRVAR(umount2_doc, "umount2($module, target, flags=0)\n--\n\n"
                          "Take away the topmost mount at target, as the flags say: see "
                          "umount(2).");

static PyObject *
call_umount2(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"target", "flags", NULL};
    auto_text struct text target = PATH("umount2", "target");
    struct number flags = INTEGER("umount2", "flags", 0);
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&:umount2", names, text_convert,
                                     &target, number_convert, &flags))
        return NULL;
    WITHOUT_GIL(r = lx_umount2(target.value, (int)flags.value));
    return return_none(module, r, &target, NULL);
}

PyDoc_STRVAR(pivot_root_doc,
             "pivot_root($module, new_root, put_old)\n--\n\n"
             "Make new_root the root mount and move the old one to put_old: "
             "see pivot_root(2).");

static PyObject *
call_pivot_root(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"new_root", "put_old", NULL};
    auto_text struct text new_root = PATH("pivot_root", "new_root");
    auto_text struct text put_old = PATH("pivot_root", "put_old");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&:pivot_root", names, text_convert,
                                     &new_root, text_convert, &put_old))
        return NULL;
    WITHOUT_GIL(r = lx_pivot_root(new_root.value, put_old.value));
    return return_none(module, r, &new_root, &put_old);
}

PyMethodDef mount_methods[] = {
    METHOD("mount", call_mount, mount_doc),
    METHOD("umount", call_umount, umount_doc),
    METHOD("umount2", call_umount2, umount2_doc),
    METHOD("pivot_root", call_pivot_root, pivot_root_doc),
    END_OF_METHODS,
};
