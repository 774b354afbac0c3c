"""What makes one kind of estimator savable, and the registry of all such kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .fields import Contents, invalid

_codecs: dict[str, Codec] = {}


@dataclass(frozen=True)
class Codec:
    """How one kind of estimator is put in a file, beyond its class, parameters and names of features.

    Parameters
    ----------
    kind : type
        The class; not those that derive from it.
    describe : callable
        ``describe(estimator, optimizer_state)`` returns the rest, checked as strictly as `restore` checks it, with the
        state of an optimiser, if there is one, only where that is asked for.
    restore : callable
        ``restore(estimator, contents, fitted)`` sets the rest in an estimator that has its parameters and
        `n_features_in_`; `fitted` holds what the file says of `attributes`.
    attributes : tuple of str
        Fitted attributes that are saved as JSON, besides `n_features_in_`.
    params : callable
        ``params(estimator)`` returns the parameters that are saved.
    counts_features : bool
        Whether it has `n_features_in_` and `feature_names_in_` of its own, and not those of a part.
    of_any_size : bool
        Whether it lacks them where it was fitted to samples of several sizes.
    """

    kind: type
    describe: Callable[[Any, bool], Contents]
    restore: Callable[[Any, Contents, Mapping[str, Any]], None]
    attributes: tuple[str, ...] = ()
    params: Callable[[Any], Mapping[str, Any]] = lambda estimator: estimator.get_params(deep=False)
    counts_features: bool = True
    of_any_size: bool = False

    def fitted(self, counted: bool) -> tuple[str, ...]:
        """All attributes that are saved as JSON, of one whose features are counted or of one without."""
        counted = self.counts_features and (counted or not self.of_any_size)
        return ("n_features_in_", *self.attributes) if counted else self.attributes


def register(codec: Codec) -> None:
    """Make a kind of estimator savable."""
    _codecs[codec.kind.__name__] = codec


def codec_of(estimator: object) -> Codec:
    """Return the codec of an estimator's class."""
    if not is_savable(estimator):
        raise ValueError(
            f"estimator: received a {type(estimator).__name__}; expected one of {', '.join(sorted(_codecs))}, and none "
            "that is derived from them, whose code no file holds"
        )
    return _codecs[type(estimator).__name__]


def is_savable(estimator: object) -> bool:
    """Whether there is a codec of an estimator's class."""
    found = _codecs.get(type(estimator).__name__)
    return found is not None and found.kind is type(estimator)


def codec_named(name: object) -> Codec:
    """Return the codec of the class that a file names."""
    if not isinstance(name, str) or name not in _codecs:
        raise invalid("class", name, " or ".join(sorted(_codecs)))
    return _codecs[name]
