"""Checks that every dictionary passes, and a new one should."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import numpy.typing as npt

import ppdl.dictionaries
from ppdl.dictionaries import Dictionary, DictionaryColumns, LayerInput


def example_input(dtype: type = np.float64, *, seed: int = 0, n_samples: int = 40) -> LayerInput:
    """Return a layer of 8 × 8 pixels of 2 channels with read-only random activations."""
    X: npt.NDArray[np.floating] = np.random.default_rng(0).uniform(size=(n_samples, 128)).astype(dtype)
    X.setflags(write=False)
    return LayerInput(128, shape=(8, 8, 2), activations=X, seed=seed)


def check_dictionary(dictionary: Dictionary, *, inputs: LayerInput | None = None, fraction: float = 0.25) -> None:
    """Assert that a dictionary keeps the contract of `Dictionary`, as one of your own should.

    It is a value (equality, hash, repr, JSON, pickle, copy); it builds finite dictionaries of the shapes that it says,
    the same ones every time, leaving the activations alone; float32 will do; a saved model can build it again;
    impossible fractions and columns are refused.

    Parameters
    ----------
    dictionary : Dictionary
        What to check. Checks that need a second dictionary derive it from this one.
    inputs : LayerInput, optional
        A layer for which it can be built; by default 8 × 8 pixels of 2 channels, with random activations.
    fraction : float, default=0.25
        A fraction that leaves each column at least 2 atoms.

    Raises
    ------
    AssertionError
        Naming what does not hold.

    Examples
    --------
    >>> from ppdl.dictionaries import DCT
    >>> check_dictionary(DCT(selection="leading"))
    """
    inputs = example_input() if inputs is None else inputs
    _check_value(dictionary)
    built = dictionary.columns(inputs, sizes=(3, 2, 2), fraction=fraction)
    _check_columns(built, inputs, (3, 2, 2))
    _check_same_again(dictionary, built, inputs, fraction)
    _check_weights(built)
    _check_edges(dictionary, inputs)


def _check_value(dictionary: Dictionary) -> None:
    name = type(dictionary).__name__
    names = {**vars(ppdl.dictionaries), name: type(dictionary)}
    twins = {
        "repr": eval(repr(dictionary), names),
        "JSON": Dictionary.from_config(json.loads(json.dumps(dictionary.get_config()))),
        "pickle": pickle.loads(pickle.dumps(dictionary)),
        "deepcopy": copy.deepcopy(dictionary),
    }
    for way, twin in twins.items():
        assert type(twin) is type(dictionary), f"{name} comes back from {way} as {type(twin).__name__}"
        assert twin == dictionary, f"{dictionary!r} comes back from {way} as {twin!r}"
        assert hash(twin) == hash(dictionary), f"{name}: equal values have different hashes"
    field = dataclasses.fields(dictionary)[0].name if dataclasses.fields(dictionary) else "any"
    try:
        setattr(dictionary, field, None)
    except AttributeError:
        pass
    else:
        raise AssertionError(f"{name} is not frozen: decorate it with @dataclass(frozen=True)")


def _check_columns(built: DictionaryColumns, inputs: LayerInput, sizes: tuple[int, ...]) -> None:
    assert built.n_visible == inputs.n_visible
    assert built.n_hidden == sum(sizes), f"columns hold {built.n_hidden} hidden units; expected {sum(sizes)}"
    for j, column in enumerate(built.columns):
        assert column.atoms.dtype == np.int64
        assert len(column.atoms) > 0
        assert np.all(np.diff(column.atoms) > 0), f"column {j}: the atoms are not in increasing order"
        if not built.learned:
            U = built.dictionary(j)
            assert U.shape == (inputs.n_visible, len(built.atoms(j))), f"column {j}: U has shape {U.shape}"
            assert np.isfinite(U).all(), f"column {j}: U holds NaN or infinity"
    assert built.base is None or (built.base.dtype == np.float64 and not built.base.flags.writeable)
    if built.base is not None and built.factors is not None:
        down, across, pairs = built.factors
        atoms = [np.outer(down[:, y], across[:, x]).ravel() for y, x in pairs]
        products = np.column_stack(atoms)
        largest = np.abs(built.base).max()
        assert products.shape == built.base.shape, f"factors make atoms of shape {products.shape}"
        assert np.allclose(products, built.base, rtol=0, atol=1e-10 * largest), (
            "an atom is not the product of its factors"
        )


def _check_same_again(dictionary: Dictionary, built: DictionaryColumns, inputs: LayerInput, fraction: float) -> None:
    before = None if inputs.activations is None else inputs.sample("check").copy()
    again = dictionary.columns(inputs, sizes=(3, 2, 2), fraction=fraction)
    assert again.digest() == built.digest(), "building twice gives different dictionaries"
    if before is not None:
        assert np.array_equal(before, inputs.sample("check")), "the activations were changed"
        single = dataclasses.replace(inputs, activations=before.astype(np.float32))
        _check_columns(dictionary.columns(single, sizes=(3, 2, 2), fraction=fraction), inputs, (3, 2, 2))

    # As a loaded model does it: without data, from the stored B if the specification does not tell it.
    bare = dataclasses.replace(inputs, activations=None)
    loaded = Dictionary.from_config(dictionary.get_config()).columns(
        bare, sizes=(3, 2, 2), fraction=fraction, base=built.stored
    )
    assert loaded.digest() == built.digest(), "built again from its specification, the dictionary differs"


def _check_weights(built: DictionaryColumns) -> None:
    for dtype, tolerance in ((np.float32, 1e-4), (np.float64, 1e-10)):
        weights = built.weights(dtype)
        assert weights.n_hidden == built.n_hidden
        assert weights.n_dynamic == built.n_dynamic
        assert weights.n_static == built.n_static
        if not built.learned:
            for j in range(len(built.columns)):
                U = built.dictionary(j)
                assert np.allclose(weights.dictionary(j), U, rtol=0, atol=tolerance * max(1.0, np.abs(U).max()))


def _check_edges(dictionary: Dictionary, inputs: LayerInput) -> None:
    n = inputs.n_visible
    one = dictionary.columns(inputs, sizes=(1,), fraction=inputs.n_channels / n)
    _check_columns(one, inputs, (1,))
    for sizes, fraction in (((), 0.5), ((3, 0), 0.5), ((1,), 0.0), ((1,), 1.5), ((1,), float("nan")), ((1,), 0.5 / n)):
        try:
            accepted = dictionary.columns(inputs, sizes=sizes, fraction=fraction)
        except ValueError:
            continue
        # Where all atoms are taken, the fraction does not matter.
        assert sizes == (1,) and accepted.n_atoms > 1, f"sizes={sizes} and fraction={fraction} were accepted"
