"""Pictures of a fitted network, as scikit-learn's display objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from ppdl import _checks as checks
from ppdl._extras import pyplot
from ppdl._precision import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .ica.rica import RICA
    from .networks.contract import PredictedNetwork

_MOST_NAMES = 40  # of a table's columns, that can be read


class WeightsDisplay:
    """The weights of some hidden units, each drawn as an image over the layer's inputs.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, channels)
        One image for each unit; of height 1 and without channels, the rows of a table.
    feature_names : sequence of str, optional
        What the columns of a table are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What it is drawn on.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.estimators import WeightsDisplay
    >>> display = WeightsDisplay(np.random.default_rng(0).normal(size=(6, 8, 8))).plot()
    >>> len(display.figure_.axes)
    1
    """

    def __init__(self, images: Array, feature_names: Sequence[str] | None = None) -> None:
        self.images = images
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: PredictedNetwork,
        *,
        layer: int = 0,
        units: int | Sequence[int] = 50,
        ax: Axes | None = None,
        **options: Any,
    ) -> WeightsDisplay:
        """Draw weights of a fitted estimator.

        Parameters
        ----------
        estimator : PredictedMLPClassifier, PredictedConvNetClassifier or a regressor
            Fitted.
        layer : int, default=0
            Number of the layer of weights. The first one's inputs lie as `input_shape` says, a filter's on its window;
            where inputs do not lie on a grid, a unit's weights are a single row.
        units : int or sequence of int, default=50
            Which units, or how many, spread evenly over the columns.
        ax : matplotlib Axes, default=None
            Where to draw.
        **options
            For `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        WeightsDisplay
        """
        check_is_fitted(estimator)
        coefs = estimator.coefs_
        layer = checks.integer("layer", layer, at_least=-len(coefs), at_most=len(coefs) - 1)
        place = estimator._model.architecture.weighted[layer]
        sees_all = layer in (0, -len(coefs)) and place.n_visible == estimator.n_features_in_
        names = getattr(estimator, "feature_names_in_", None) if sees_all else None
        return cls(unit_images(coefs[layer].T, units, place.topology), names).plot(ax=ax, **options)

    def plot(self, *, ax: Axes | None = None, **options: Any) -> WeightsDisplay:
        """Draw the images side by side, all on one scale that is symmetric about zero.

        Three channels are red, green and blue; of any other number, an image's channels lie side by side. A table has a
        row for each unit and a column for each input, with their names, and tells the scale.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options
            For `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        WeightsDisplay
        """
        plt = pyplot("WeightsDisplay.plot")
        is_table = self.images.ndim == 3 and self.images.shape[1] == 1
        if ax is None:
            _, ax = plt.subplots(layout="constrained" if is_table else None)
        self.ax_, self.figure_ = ax, ax.figure
        largest = float(np.abs(self.images).max()) or 1.0
        if is_table:
            self._plot_table(plt, {"vmin": -largest, "vmax": largest, **options})
            return self
        picture = _tiled(self.images)
        if picture.ndim == 3:
            picture = 0.5 + picture / (2.0 * largest)  # colours, grey for zero
        scale = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest} if picture.ndim == 2 else {}
        ax.imshow(picture, **{"interpolation": "nearest", **scale, **options})
        ax.set_axis_off()
        return self

    def _plot_table(self, plt: Any, options: Mapping[str, Any]) -> None:
        ax, rows = self.ax_, self.images[:, 0]
        names = None if self.feature_names is None or len(self.feature_names) > _MOST_NAMES else self.feature_names
        drawn = ax.imshow(rows, **{"interpolation": "nearest", "cmap": "RdBu_r", "aspect": "auto", **options})
        ax.set(yticks=[], ylabel=f"{len(rows)} unit{'s' * (len(rows) > 1)}")
        if names is None:
            ax.set_xlabel("input")
            ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
        else:
            ax.set_xticks(range(len(names)), names, rotation=90)
        self.figure_.colorbar(drawn, ax=ax, label="weight")


def unit_images(weights: Array, units: int | Sequence[int], input_shape: Any, name: str = "units") -> Array:
    """Return the weights of some units, the rows of `weights`, as images; single rows where the inputs are no grid.

    A number of units is spread evenly over all of them. Errors speak of the `name`.
    """
    if isinstance(units, Integral):
        units = checks.integer(name, units)
        chosen = np.linspace(0, len(weights) - 1, min(units, len(weights))).round().astype(np.intp)
    else:
        chosen = np.array([_index(name, unit, len(weights)) for unit in np.ravel(units).tolist()], dtype=np.intp)
    if len(chosen) == 0:
        raise ValueError(f"{name}: received none; expected at least one of them")
    on_grid = input_shape is not None and np.ndim(input_shape) == 1
    shape = tuple(input_shape) if on_grid else (1, weights.shape[1])
    return weights[chosen].reshape(len(chosen), *shape)


def _index(name: str, unit: Any, n_units: int) -> int:
    return checks.integer(name, unit, at_least=-n_units, at_most=n_units - 1)


def _tiled(images: Array) -> Array:
    """Lay images out on a sheet about as high as wide, with an empty pixel between them."""
    if images.ndim == 4 and images.shape[3] != 3:
        images = images.transpose(0, 1, 3, 2).reshape(*images.shape[:2], -1)
    n, height, width = images.shape[:3]
    n_across = max(1, round(np.sqrt(n * height / width)))
    n_down = -(-n // n_across)
    sheet = np.full((n_down * (height + 1) - 1, n_across * (width + 1) - 1, *images.shape[3:]), np.nan)
    for k, image in enumerate(images):
        top, left = (k // n_across) * (height + 1), (k % n_across) * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet


class HistoryDisplay:
    """Curves of training: loss, and validation score where there is one, over epochs.

    Parameters
    ----------
    history : mapping of str to sequence of float
        As `history_` of an estimator.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        Of the losses, and of the scores.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from ppdl.estimators import HistoryDisplay
    >>> display = HistoryDisplay({"loss": [2.3, 1.1, 0.6], "val_score": [0.3, 0.7, 0.8]}).plot()
    >>> len(display.figure_.axes)
    2
    """

    def __init__(self, history: Mapping[str, Sequence[float]]) -> None:
        self.history = history

    @classmethod
    def from_estimator(
        cls,
        estimator: PredictedNetwork | RICA,
        *,
        ax: Axes | Sequence[Axes] | npt.NDArray[np.object_] | None = None,
        **options: Any,
    ) -> HistoryDisplay:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : RICA, PredictedMLPClassifier, PredictedConvNetClassifier or a regressor
            Fitted.
        ax : matplotlib Axes or sequence of them, default=None
            Where to draw: the losses, and the scores if a second one is given.
        **options
            For `matplotlib.axes.Axes.plot`.

        Returns
        -------
        HistoryDisplay
        """
        check_is_fitted(estimator)
        return cls({key: list(values) for key, values in estimator.history_.items()}).plot(ax=ax, **options)

    def plot(
        self, *, ax: Axes | Sequence[Axes] | npt.NDArray[np.object_] | None = None, **options: Any
    ) -> HistoryDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of them, default=None
            Where to draw: the losses, and the scores if a second one is given; None makes a figure.
        **options
            For `matplotlib.axes.Axes.plot`.

        Returns
        -------
        HistoryDisplay
        """
        plt = pyplot("HistoryDisplay.plot")
        panels = [{"loss": "training", "val_loss": "validation"}, {"val_score": "validation"}]
        panels = [{key: label for key, label in panel.items() if key in self.history} for panel in panels]
        panels = [panel for panel in panels if panel] or [{}]
        if ax is None:
            _, ax = plt.subplots(1, len(panels), figsize=(4.8 * len(panels), 3.6), layout="constrained", squeeze=False)
        axes: npt.NDArray[Any] = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        for panel, axis, name in zip(panels, axes, ("loss", "score"), strict=False):
            for key, label in panel.items():
                values = self.history[key]
                axis.plot(range(1, len(values) + 1), values, **{"label": label, **options})
            axis.set(xlabel="iteration" if "gradient_norm" in self.history else "epoch", ylabel=name)
            axis.xaxis.get_major_locator().set_params(integer=True)
            if panel:
                axis.legend()
        self.ax_, self.figure_ = axes, axes[0].figure
        return self
