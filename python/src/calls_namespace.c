/* calls_namespace.c - leave, enter and name: unshare, setns, sethostname, setdomainname.
 *
 * unshare and setns change the calling thread; a program that wants to change as a whole
 * calls them before it starts threads. Creating or entering a user namespace is refused by
 * the kernel (EINVAL) once there is a second thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"

#include "linux/process.h"

PyDoc_STRVAR(unshare_doc, "unshare($module, flags)\n--\n\n"
                          "Leave what this thread shares with others, above all its "
                          "namespaces: see unshare(2).");

static PyObject *
call_unshare(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"flags", NULL};
    struct number flags = FLAGS32("unshare", "flags");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:unshare", names, number_convert,
                                     &flags))
        return NULL;
    WITHOUT_GIL(r = lx_unshare((int)flags.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(setns_doc,
             "setns($module, fd, nstype=0)\n--\n\n"
             "Enter the namespace, or with a pidfd the namespaces, that fd stands "
             "for: see setns(2).");

static PyObject *
call_setns(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", "nstype", NULL};
    struct descriptor fd = DESCRIPTOR("setns", "fd");
    struct number nstype = INTEGER("setns", "nstype", 0);
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&:setns", names, descriptor_convert,
                                     &fd, number_convert, &nstype))
        return NULL;
    WITHOUT_GIL(r = lx_setns(fd.value, (int)nstype.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(sethostname_doc, "sethostname($module, hostname)\n--\n\n"
                              "Name the host of this UTS namespace: see sethostname(2).");

static PyObject *
call_sethostname(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"hostname", NULL};
    auto_text struct text name = WORD("sethostname", "hostname");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:sethostname", names, text_convert,
                                     &name))
        return NULL;
    WITHOUT_GIL(r = lx_sethostname(name.value));
    return return_none(module, r, NULL, NULL);
}

PyDoc_STRVAR(setdomainname_doc, "setdomainname($module, name)\n--\n\n"
                                "Set the NIS domain name of this UTS namespace: see "
                                "setdomainname(2).");

static PyObject *
call_setdomainname(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", NULL};
    auto_text struct text name = WORD("setdomainname", "name");
    int r;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:setdomainname", names, text_convert,
                                     &name))
        return NULL;
    WITHOUT_GIL(r = lx_setdomainname(name.value));
    return return_none(module, r, NULL, NULL);
}

PyMethodDef namespace_methods[] = {
    METHOD("unshare", call_unshare, unshare_doc),
    METHOD("setns", call_setns, setns_doc),
    METHOD("sethostname", call_sethostname, sethostname_doc),
    METHOD("setdomainname", call_setdomainname, setdomainname_doc),
    END_OF_METHODS,
};
