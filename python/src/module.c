/* module.c - the module `linux`: its tables, its state, its beginning and end.
 *
 * The module is initialised in phases (PEP 489): each interpreter that imports it has a
 * module object and a state of its own, and nothing in it is global and changes. `linux`
 * is a package of one file, linux/__init__.*.so, so that its type stub and the marker
 * py.typed have a directory to lie in (PEP 561).
 *
 * SPDX-License-Identifier: MIT
 */
#include "module.h"

static PyMethodDef *const method_tables[] = {
    mount_methods, mount_fd_methods,   namespace_methods, clone_methods,   pidfd_methods,
    file_methods,  capability_methods, control_methods,   seccomp_methods,
};

struct module_state *
module_state(PyObject *module)
{
    return PyModule_GetState(module);
}

/* Creates the named tuple, adds it to the module, and leaves a reference in *ret. */
static int
add_named_tuple(PyObject *module, PyStructSequence_Desc *description, PyTypeObject **ret)
{
    *ret = PyStructSequence_NewType(description);
    return *ret ? PyModule_AddType(module, *ret) : -1;
}

/* __all__: what `from linux import *` brings. The subclasses of linux.Error stay away: they
 * would hide the built-in exceptions whose names they have. */
static int
add_all(PyObject *module)
{
    PyObject *all = PyList_New(0);
    PyObject *name, *value;
    Py_ssize_t position = 0;
    int r = all ? 0 : -1;

    while (r == 0 && PyDict_Next(PyModule_GetDict(module), &position, &name, &value)) {
        bool is_kind = PyExceptionClass_Check(value) &&
                       value != module_state(module)->error;

        if (PyUnicode_READ_CHAR(name, 0) != '_' && !is_kind)
            r = PyList_Append(all, name);
    }
    if (r == 0)
        r = PyList_Sort(all);
    if (r == 0)
        r = PyObject_SetAttrString(module, "__all__", all);
    Py_XDECREF(all);
    return r;
}

static int
module_exec(PyObject *module)
{
    struct module_state *state = module_state(module);

    for (size_t i = 0; i < Py_ARRAY_LENGTH(method_tables); i++)
        if (PyModule_AddFunctions(module, method_tables[i]) < 0)
            return -1;
    if (error_init(module) < 0 || constants_add(module) < 0 ||
        add_named_tuple(module, &capabilities_description, &state->capabilities) < 0 ||
        add_named_tuple(module, &clone_result_description, &state->clone_result) < 0 ||
        add_named_tuple(module, &notify_sizes_description, &state->notify_sizes) < 0 ||
        PyModule_AddStringConstant(module, "__version__", MODULE_VERSION) < 0)
        return -1;
    return add_all(module);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct module_state *state = module_state(module);

    Py_VISIT(state->error);
    Py_VISIT(state->error_by_number);
    Py_VISIT(state->capabilities);
    Py_VISIT(state->clone_result);
    Py_VISIT(state->notify_sizes);
    return 0;
}

static int
module_clear(PyObject *module)
{
    struct module_state *state = module_state(module);

    Py_CLEAR(state->error);
    Py_CLEAR(state->error_by_number);
    Py_CLEAR(state->capabilities);
    Py_CLEAR(state->clone_result);
    Py_CLEAR(state->notify_sizes);
    return 0;
}

static void
module_free(void *module)
{
    module_clear(module);
}

PyDoc_STRVAR(
    module_doc,
    "The Linux kernel's calls for containers that Python's standard library lacks.\n\n"
    "Each function makes one system call of the same name and has the semantics of\n"
    "its man page. What fails raises linux.Error, an OSError and a RuntimeError.");

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec,                  module_exec                         },
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0,                            NULL                                },
};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,   .m_name = "linux",
    .m_doc = module_doc,     .m_size = sizeof(struct module_state),
    .m_slots = module_slots, .m_traverse = module_traverse,
    .m_clear = module_clear, .m_free = module_free,
};

PyMODINIT_FUNC
PyInit_linux(void)
{
    return PyModuleDef_Init(&module_definition);
}
