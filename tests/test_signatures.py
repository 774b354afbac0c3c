"""Public signatures say what they take and return."""

import inspect
import typing

import pytest

import ppdl
from ppdl import datasets, dictionaries, estimators, layers, preprocessing

MODULES = (ppdl, datasets, dictionaries, estimators, layers, preprocessing)
UNTYPED = {ppdl.load}  # what a file holds is known when it is read


def functions():
    """Every public function of the package, and every public method that a public class defines or inherits from it."""
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield value
            elif inspect.isclass(value):
                for method, found in inspect.getmembers(value, inspect.isfunction):
                    if found.__module__.startswith("ppdl.") and (method == "__init__" or not method.startswith("_")):
                        yield found


@pytest.mark.parametrize(
    "function",
    sorted(set(functions()) - UNTYPED, key=lambda f: (f.__module__, f.__qualname__)),
    ids=lambda f: f.__qualname__,
)
def test_every_parameter_and_result_has_a_type(function):
    signature = inspect.signature(function)
    told = {
        parameter.name: parameter.annotation
        for parameter in signature.parameters.values()
        if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    }
    told["return"] = signature.return_annotation
    assert not [name for name, annotation in told.items() if annotation in (inspect.Parameter.empty, "Any", typing.Any)]
