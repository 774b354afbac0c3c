"""Phone recognition: frames of features, a network of predicted weights over them, and a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._savable import SavableMixin
from ppdl._typing import RandomState
from ppdl.datasets import PhoneSet, Utterance
from ppdl.datasets.utterances import checked_utterances
from ppdl.preprocessing import Cepstra

from ..networks.classifier import PredictedMLPClassifier
from ..networks.parameters import (
    ActivationName,
    BatchSize,
    DictionaryChoice,
    LearningRate,
    NumberOfColumns,
    Order,
    PretrainingKind,
    Scale,
    Solver,
)
from ..predicted_weights import DictionaryParamsMixin
from ..transaction import unchanged_on_error
from .language import Indices
from .options import SpeechOptions, phone_set_of, require_frames, require_learnable
from .phone_model import PhoneModel, States, decoded_by
from .scoring import PhoneErrors
from .targets import centres_of, require_known, state_targets
from .tuning import PENALTY, SCALE, with_fewest_errors
from .windows import Windows

if TYPE_CHECKING:
    from typing_extensions import Self


class Segment(NamedTuple):
    """A recognised phone, and the seconds at which it begins and ends.

    Examples
    --------
    >>> from ppdl.estimators import Segment
    >>> phone, begin, end = Segment("ah", 0.08, 0.16)
    >>> phone, round(end - begin, 2)
    ('ah', 0.08)
    """

    phone: str
    begin: float
    end: float


class PhoneRecognizer(SavableMixin, DictionaryParamsMixin):
    r"""Recognises the phones of utterances, by a network that learns a part of its weights and predicts the rest [1]_.

    Frames of features with their neighbours are the inputs of a perceptron, whose outputs are the posteriors of the
    states of phones. Divided by the states' frequencies they are the scores of frames; a Viterbi search finds the
    sequence of phones, each a few states from left to right, that is best with a bigram model of phones.

    Parameters
    ----------
    hidden_layer_sizes, activation, dictionary, learned_fraction, n_columns, order, init, dropout, input_dropout
        Of the network; see `PredictedMLPClassifier`. The features of a frame's window lie on a grid, `context` high and
        the features of a frame wide. ``dictionary="auto"`` is `EmpiricalCovariance`, the paper's choice, where a
        fraction is given, and an ordinary network where it is not.
    solver, alpha, max_column_norm, batch_size, learning_rate, learning_rate_init, max_iter
        How it is trained; see `PredictedMLPClassifier`. All epochs are run.
    momentum, nesterovs_momentum, pretraining, pretraining_epochs, pretraining_options
        See `PredictedMLPClassifier`.
    random_state, verbose, n_threads, memory_limit
        See `PredictedMLPClassifier`.
    features : Cepstra, default=None
        Makes frames of a waveform; None is `Cepstra()`. Frames that are given are only standardised.
    context : int, default=11
        Frames of a window, an odd number; the first and last frame of an utterance are repeated.
    coefficients : {"axis", "channels"}, default="axis"
        Whether the features of a frame are the second axis of the grid, or channels of a grid that is time alone, all
        of which a dictionary over a grid treats alike.
    n_states : int, default=3
        States of a phone. One of which a state has no frame, because all of its segments are too short, is never
        recognised.
    n_realignments : int, default=0
        How often, after training, the states of the training utterances are found anew by the model, for the same
        phones, and a network is trained with them from the beginning. An interrupt ends this too: the epochs that are
        complete make the recogniser.
    phone_set : PhoneSet, default=None
        The phones; None takes TIMIT's, if all of the utterances' are some of these and its silence is among them,
        otherwise those that occur. Others can't be in utterances that are scored: where a phone may be missing from the
        training utterances, as in cross-validation of a small corpus, give the set.
    silence : str, default="sil"
        Which phone is silence, where `phone_set` is made of those that occur.
    language_scale, insertion_penalty : float or "auto", default="auto"
        What log probabilities of the bigram are multiplied by, at least 0, and what each phone costs. "auto" chooses
        both by the errors on development utterances, where `fit` is given some; otherwise they are 1 and 0.
    beam : float, default=inf
        States whose score is below the best one's by more than this are dropped.

    Attributes
    ----------
    network_ : PredictedMLPClassifier
        The network; its classes are numbers of states, those of a phone side by side.
    features_ : Cepstra
        As it was fitted.
    phone_set_ : PhoneSet
        The phones.
    language_scale_, insertion_penalty_ : float
        What the decoder takes.

    See Also
    --------
    ppdl.datasets.load_timit, ppdl.datasets.load_textgrid_corpus : Utterances with their phones.

    Notes
    -----
    The windows of frames overlap in memory, so that features are stored once, whatever the context.

    Errors are counted as usual: of the phones that were said and those that were recognised, both folded to the coarser
    names of the phone set, TIMIT's 39, equal neighbours merged.

    References
    ----------
    .. [1] M. Denil, B. Shakibi, L. Dinh, M. Ranzato, N. de Freitas, "Predicting Parameters in Deep Learning", NIPS
       2013, Section 4.1.

    Examples
    --------
    Frames of two sounds, in place of waveforms:

    >>> import numpy as np
    >>> from ppdl import PhoneRecognizer
    >>> from ppdl.datasets import Utterance
    >>> rng = np.random.default_rng(0)
    >>> def utterance(phones):
    ...     frames = np.repeat([[phone == "sh", phone == "ah"] for phone in phones], 8, axis=0)
    ...     noisy = (frames + 0.3 * rng.normal(size=frames.shape)).astype(np.float32)
    ...     return Utterance("noise", noisy, 100, phones, np.arange(len(phones) + 1) * 8)
    >>> utterances = [utterance(["sil", *("sh ah" if i % 2 else "ah sh ah").split(), "sil"]) for i in range(20)]
    >>> recognizer = PhoneRecognizer((20,), context=3, learning_rate_init=0.05, random_state=0).fit(utterances)
    >>> recognizer.predict(utterances[:1])[0][1]
    Segment(phone='ah', begin=0.08, end=0.16)
    >>> print(recognizer.score_report(utterances))
    %PER 0.0 [ 0 / 90, 0 ins, 0 del, 0 sub ]
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (1024, 1024),
        activation: ActivationName = "logistic",
        *,
        dictionary: DictionaryChoice | Sequence[DictionaryChoice] = "auto",
        learned_fraction: float | Sequence[float | None] | None = None,
        n_columns: NumberOfColumns | Sequence[NumberOfColumns] = "auto",
        order: Order = "auto",
        init: Scale | float = "auto",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        solver: Solver = "adam",
        alpha: float = 0.0001,
        max_column_norm: float | None = None,
        batch_size: BatchSize = 100,
        learning_rate: LearningRate = "one_cycle",
        learning_rate_init: float = 0.001,
        max_iter: int = 15,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        pretraining: PretrainingKind | None = None,
        pretraining_epochs: int | None = None,
        pretraining_options: Mapping[str, Any] | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
        n_threads: int | None = None,
        memory_limit: int = 100 * 2**20,
        features: Cepstra | None = None,
        context: int = 11,
        coefficients: Literal["axis", "channels"] = "axis",
        n_states: int = 3,
        n_realignments: int = 0,
        phone_set: PhoneSet | None = None,
        silence: str = "sil",
        language_scale: float | Literal["auto"] = "auto",
        insertion_penalty: float | Literal["auto"] = "auto",
        beam: float = float("inf"),
    ) -> None:
        self._set(locals())

    # Training --------------------------------------------------------------------------------------------------------

    @unchanged_on_error
    def fit(
        self,
        utterances: Sequence[Utterance],
        y: None = None,
        *,
        development: Sequence[Utterance] | None = None,
        alignments: Sequence[npt.ArrayLike] | None = None,
    ) -> Self:
        """Train on utterances with their phones.

        Parameters
        ----------
        utterances : sequence of Utterance
            With phones and boundaries.
        y : None
            Ignored.
        development : sequence of Utterance, default=None
            Other utterances with their phones, by whose errors `language_scale` and `insertion_penalty` are chosen.
        alignments : sequence of array-like of shape (n_frames,), default=None
            The state of each frame of each utterance, ``phone * n_states + state``, -1 for none; None divides every
            segment evenly among the states of its phone.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an utterance is not what it should be; the message names it.
        """
        options = SpeechOptions.of(self)
        utterances = checked_utterances("utterances", utterances, labelled=True)
        judges = [] if development is None else checked_utterances("development", development, labelled=True)
        phones = phone_set_of(self.phone_set, utterances, self.silence)
        for utterance in (*utterances, *judges):
            require_known(utterance, phones.index)
        features = clone(options.features)
        frames = features.fit_transform(utterances)
        if alignments is None:
            targets = [
                state_targets(utterance, centres_of(features, utterance, len(own)), phones.index, options.n_states)
                for utterance, own in zip(utterances, frames)
            ]
        else:
            targets = options.checked_alignments(alignments, utterances, [len(own) for own in frames], len(phones))
        require_learnable(targets, options.n_states)
        n_features = frames[0].shape[1]
        windows = Windows.over(frames, options.context)
        self.features_, self.phone_set_, self._options = features, phones, options
        sequences = [utterance.phones for utterance in utterances]
        judged = [self._decodable_windows(judge) for judge in judges]  # before training, for they may be too short
        for round_ in range(1 + options.n_realignments):
            if round_ > 0:
                if self.solver != "lbfgs" and self.network_.n_iter_ < self.max_iter:
                    break  # interrupted or diverged, which a warning has told
                targets = self._realigned(utterances, windows, targets)
            self.network_: PredictedMLPClassifier = self._trained(windows, targets, n_features)
            self._model = PhoneModel.of(phones.phones, sequences, targets, options.n_states)
        self.language_scale_, self.insertion_penalty_ = self._chosen(judges, judged)
        return self

    def _trained(self, windows: Windows, targets: Sequence[States], n_features: int) -> PredictedMLPClassifier:
        """Train a network on the windows of the frames that have a state."""
        rows = windows.rows
        y, weight = np.zeros(len(rows), np.int64), np.zeros(len(rows), rows.dtype)
        for begin, states in zip(windows.begins, targets):
            y[begin : begin + len(states)] = states
            weight[begin : begin + len(states)] = states >= 0
        y[weight == 0] = y[weight > 0].min()  # a class, though it doesn't count
        network = PredictedMLPClassifier(input_shape=self._options.input_shape(n_features), n_iter_no_change=np.inf)
        own = self.get_params(deep=False) | {"dictionary": self._options.dictionary}
        network.set_params(**{name: own[name] for name in network.get_params(deep=False) if name in own})
        return network.fit(rows, y, None if weight.all() else weight)

    def _realigned(self, utterances: Sequence[Utterance], windows: Windows, targets: Sequence[States]) -> list[States]:
        """Find the states of the frames of utterances anew by the model."""
        index = self.phone_set_.index
        return [
            self._model.realigned([index[phone] for phone in utterance.phones], self._log_posteriors(rows), states)
            for utterance, rows, states in zip(utterances, windows.split(windows.rows), targets)
        ]

    def _chosen(self, utterances: Sequence[Utterance], windows: Sequence[Array]) -> tuple[float, float]:
        """Return the language scale and the insertion penalty, chosen by the errors on utterances, if there are any."""
        scale, penalty = self._options.language_scale, self._options.insertion_penalty
        if not utterances or None not in (scale, penalty):
            return SCALE if scale is None else scale, PENALTY if penalty is None else penalty
        scores = [self._model.scores(self._log_posteriors(rows)) for rows in windows]
        counted = self.phone_set_.counted

        def heard(scale: float, penalty: float) -> list[list[str]]:
            decoder = self._model.decoder(scores[0].dtype, scale, penalty, self._options.beam)
            found = map(partial(decoded_by, decoder), utterances, scores)
            return [counted(self._names(phones)) for phones, _ in found]

        return with_fewest_errors(scale, penalty, [counted(each.phones) for each in utterances], heard)

    # Recognition -----------------------------------------------------------------------------------------------------

    def predict(self, utterances: Sequence[Utterance]) -> list[list[Segment]]:
        """Recognise the phones of utterances.

        Parameters
        ----------
        utterances : sequence of Utterance
            Their phones, if they have some, are not looked at.

        Returns
        -------
        list of list of Segment
            For each utterance its phones, with the seconds at which they begin and end.

        Raises
        ------
        ValueError
            If an utterance is not like those of the fit, or has fewer frames than a phone has states; it is named.
        NumericalError
            If no path is left within the beam.
        """
        check_is_fitted(self)
        found = []
        for utterance, phones, begins in self._decoded(checked_utterances("utterances", utterances)):
            edges = begins / utterance.rate
            if utterance.is_waveform:
                centres = centres_of(self.features_, utterance, int(begins[-1])) / utterance.rate
                between = (centres[begins[1:-1] - 1] + centres[begins[1:-1]]) / 2
                edges = np.array([0.0, *between, utterance.duration])
            times = edges.tolist()
            found.append([Segment(*segment) for segment in zip(self._names(phones), times, times[1:])])
        return found

    def log_posteriors(self, utterances: Sequence[Utterance]) -> list[Array]:
        """Return the logarithms of the states' posteriors at each frame.

        Parameters
        ----------
        utterances : sequence of Utterance
            Their phones, if they have some, are not looked at.

        Returns
        -------
        list of ndarray of shape (n_frames, n_phones * n_states)
            For each utterance; -inf for states that no frame of the training utterances had.
        """
        check_is_fitted(self)
        utterances = checked_utterances("utterances", utterances)
        return [self._log_posteriors(self._windows(utterance)) for utterance in utterances]

    def score(self, utterances: Sequence[Utterance], y: None = None) -> float:
        """Return 1 - phone error rate, so that more is better; it is below 0 where errors outnumber phones.

        Parameters
        ----------
        utterances : sequence of Utterance
            With their phones.
        y : None
            Ignored.

        Returns
        -------
        float
        """
        return 1.0 - self.score_report(utterances).rate

    def score_report(self, utterances: Sequence[Utterance], protocol: str = "paper") -> PhoneErrors:
        """Count the errors on utterances with their phones.

        Parameters
        ----------
        utterances : sequence of Utterance
            With their phones.
        protocol : {"paper", "authors-code"}, default="paper"
            "paper" is the phone error rate of the literature: folded phones, equal neighbours merged. "authors-code" is
            what the code of the paper's authors computes: a sequence of one phone for each frame, found from
            posteriors, not divided by priors, and a bigram of frames; folded, what folding leaves out being silence;
            edit distance divided by the number of frames. It is near a frame error rate; the two must not be compared.

        Returns
        -------
        PhoneErrors
            Its `rate` is the error rate.
        """
        check_is_fitted(self)
        utterances = checked_utterances("utterances", utterances, labelled=True)
        for utterance in utterances:
            require_known(utterance, self.phone_set_.index)
        if checks.one_of("protocol", protocol, ("paper", "authors-code")) == "authors-code":
            pairs = list(map(self._frame_phones, utterances))
            return PhoneErrors.of([said for said, _ in pairs], [heard for _, heard in pairs], "FER")
        counted = self.phone_set_.counted
        said = [counted(utterance.phones) for utterance in utterances]
        return PhoneErrors.of(said, [counted(self._names(phones)) for _, phones, _ in self._decoded(utterances)])

    def _decoded(self, utterances: Sequence[Utterance]) -> Iterator[tuple[Utterance, Indices, Indices]]:
        """Go through utterances; of each give the numbers of its phones, and the frames at which they begin and end."""
        decoder: Any = None
        for utterance in utterances:
            scores = self._model.scores(self._log_posteriors(self._decodable_windows(utterance)))
            if decoder is None:
                decoder = self._model.decoder(
                    scores.dtype, self.language_scale_, self.insertion_penalty_, self._options.beam
                )
            yield utterance, *decoded_by(decoder, utterance, scores)

    def _frame_phones(self, utterance: Utterance) -> tuple[list[str], list[str]]:
        """Return the phones of the frames that have some: what was said, and what was recognised."""
        log_posteriors = self._log_posteriors(self._windows(utterance))
        of_phones = np.logaddexp.reduce(log_posteriors.reshape(len(log_posteriors), len(self.phone_set_), -1), axis=2)
        heard, _, _ = self._model.frame_decoder(of_phones.dtype).decode(np.ascontiguousarray(of_phones))
        centres = centres_of(self.features_, utterance, len(of_phones))
        said = state_targets(utterance, centres, self.phone_set_.index, 1)
        phones = self.phone_set_.deleted_as_silence()
        labelled = said >= 0
        of_said, of_heard = (phones.fold(self._names(each[labelled]), phones.coarsest) for each in (said, heard))
        return of_said, of_heard

    def _windows(self, utterance: Utterance) -> Array:
        return Windows.over(self.features_.transform([utterance]), self._options.context).rows

    def _decodable_windows(self, utterance: Utterance) -> Array:
        rows = self._windows(utterance)
        require_frames(utterance, len(rows), self._options.n_states)
        return rows

    def _log_posteriors(self, rows: Array) -> Array:
        """Logarithms of the posteriors of all states, (n_frames, n_phones * n_states)."""
        posteriors = self.network_.predict_proba(rows)
        found = np.full((len(rows), len(self.phone_set_) * self._options.n_states), -np.inf, posteriors.dtype)
        np.maximum(posteriors, np.finfo(posteriors.dtype).tiny, out=posteriors)
        found[:, self.network_.classes_] = np.log(posteriors, out=posteriors)
        return found

    def _names(self, phones: npt.NDArray[np.integer[Any]]) -> list[str]:
        return [self.phone_set_.phones[phone] for phone in phones]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")
