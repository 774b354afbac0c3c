/// @file
/// The extension that is imported first: it tells which of the others this processor runs. Python's own interface is enough.
#include <Python.h>

#include <ppdl/base/cpu_level.hpp>

namespace {

PyObject* cpu_level(PyObject*, PyObject*) { return PyUnicode_FromString(ppdl::cpu_level()); }

PyMethodDef functions[] = {
    {"cpu_level", cpu_level, METH_NOARGS,
     "cpu_level()\n--\n\n'v2', 'v3' or 'v4' (x86-64-v2 …), 'v1' below; 'native' on other architectures."},
    {}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_cpu", "The processor's level.", 0, functions};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() { return PyModuleDef_Init(&definition); }
