#include <ppdl/decode/phone_decoder.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/error.hpp>
#include <ppdl/base/interrupt.hpp>

#include <algorithm>
#include <limits>
#include <sstream>
#include <string_view>

namespace ppdl {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Index kPollFrames = 64;

/// Throws naming the first number that is NaN or +∞: "<" is false of both.
void check_below_infinity(std::string_view name, const ConstMatrixRef<double>& numbers) {
  for (Index i = 0; i < numbers.rows(); ++i) {
    for (Index j = 0; j < numbers.cols(); ++j) {
      check(numbers(i, j) < kInfinity, name, ": received ", numbers(i, j), " in row ", i, ", column ", j,
            "; expected finite numbers or -inf");
    }
  }
}

/// A row for each state of a phone, which holds this state of all phones.
Matrix<double> by_state(const Vector<double>& numbers, Index n_phones) {
  return ConstMatrixMap<double>(numbers.data(), n_phones, numbers.size() / n_phones).transpose();
}

/// The lowest index of the largest number.
Index argmax(const Eigen::Ref<const RowVector<double>>& numbers) {
  return std::max_element(numbers.begin(), numbers.end()) - numbers.begin();
}

}  // namespace

void PhoneModel::validate() const {
  const Index n = n_phones();
  check(n > 0, "initial: received no phone; expected at least one");
  check_size("rows of the bigram", bigram.rows(), n, "phones in initial");
  check_size("columns of the bigram", bigram.cols(), n, "phones in initial");
  check_size("final", final.size(), n, "phones in initial");
  check(stay.size() > 0 && stay.size() % n == 0, "stay: received ", stay.size(), " states; expected a multiple of ", n,
        ", the phones in initial");
  check_size("advance", advance.size(), stay.size(), "states in stay");
  check_below_infinity("initial", initial.transpose());
  check_below_infinity("bigram", bigram);
  check_below_infinity("final", final.transpose());
  check_below_infinity("stay", stay.transpose());
  check_below_infinity("advance", advance.transpose());
}

template <class Scalar>
PhoneDecoder<Scalar>::PhoneDecoder(const PhoneModel& model, double beam) : beam_(beam) {
  model.validate();
  check(beam >= 0.0, "beam: received ", beam, "; expected at least 0");
  initial_ = model.initial;
  bigram_ = model.bigram;
  final_ = model.final;
  stay_ = by_state(model.stay, model.n_phones());
  advance_ = Matrix<double>::Zero(model.n_states() + 1, model.n_phones());
  advance_.bottomRows(model.n_states()) = by_state(model.advance, model.n_phones());
}

template <class Scalar>
PhonePath PhoneDecoder<Scalar>::decode(const ConstMatrixRef<Scalar>& scores) const {
  const Index n_frames = scores.rows(), n = n_states();
  check_size("columns of the scores", scores.cols(), n_phones() * n, "states of all phones");
  check(n_frames > 0 && n_frames <= std::numeric_limits<std::int32_t>::max(), "scores: received ", n_frames,
        " frames; expected at least 1, below 2^31");
  Front front{.score = Matrix<double>::Constant(n + 1, n_phones(), kNever),
              .begin = Matrix<double>::Zero(n + 1, n_phones())};
  Exits exits{.score = Matrix<double>(n_frames, n_phones()), .begin = Frames(n_frames, n_phones())};
  front.score.row(0) = initial_;
  for (Index t = 0; t < n_frames; ++t) {
    if (t % kPollFrames == 0) poll();
    check((scores.row(t).array() < std::numeric_limits<Scalar>::infinity()).all(), "scores: frame ", t,
          " has NaN or +inf; expected finite numbers or -inf");
    if (t > 0) enter(exits.score.row(t - 1), front);
    front.begin.row(0).setConstant(static_cast<double>(t));
    step(front);
    emit(scores.row(t).data(), front);
    exits.score.row(t) = front.score.row(n) + advance_.row(n);
    exits.begin.row(t) = front.begin.row(n).template cast<std::int32_t>();
  }
  exits.score.row(n_frames - 1) += final_;
  if (exits.score.row(n_frames - 1).maxCoeff() == kNever) throw_no_path(scores);
  return trace(exits);
}

/// Row 0 = max over phones `from` of exits(from) + bigram(from, ·), for all phones at once.
template <class Scalar>
void PhoneDecoder<Scalar>::enter(const Eigen::Ref<const RowVector<double>>& exits, Front& front) const {
  auto entry = front.score.row(0).array();
  entry.setConstant(kNever);
  for (Index from = 0; from < n_phones(); ++from) {
    if (exits[from] > kNever) entry = entry.max(bigram_.row(from).array() + exits[from]);
  }
}

/// One frame on: each state is stayed in, unless what comes from the row before is better. A maximum and where it is: raw.
template <class Scalar>
void PhoneDecoder<Scalar>::step(Front& front) const {
  for (Index s = n_states(); s > 0; --s) {
    const double* const stay = stay_.row(s - 1).data();
    const double* const advance = advance_.row(s - 1).data();
    const double* const score_before = front.score.row(s - 1).data();
    const double* const begin_before = front.begin.row(s - 1).data();
    double* const score = front.score.row(s).data();
    double* const begin = front.begin.row(s).data();
    for (Index p = 0; p < n_phones(); ++p) {
      const double stayed = score[p] + stay[p], came = score_before[p] + advance[p];
      begin[p] = stayed >= came ? begin[p] : begin_before[p];
      score[p] = stayed >= came ? stayed : came;
    }
  }
}

/// Adds a frame's scores, and drops the states that are not within the beam.
template <class Scalar>
void PhoneDecoder<Scalar>::emit(const Scalar* scores, Front& front) const {
  auto states = front.score.bottomRows(n_states());
  states += ConstMatrixMap<Scalar>(scores, n_phones(), n_states()).transpose().template cast<double>();
  if (beam_ == kAll) return;
  const double least = states.maxCoeff() - beam_;
  states = (states.array() < least).select(kNever, states);
}

/// Back from the best end. The phone before a phone is the one that gave its entry, found again by the same sums.
template <class Scalar>
PhonePath PhoneDecoder<Scalar>::trace(const Exits& exits) const {
  Index end = exits.score.rows();
  Index phone = argmax(exits.score.row(end - 1));
  PhonePath path{.phones = {}, .begins = {end}, .score = exits.score(end - 1, phone)};
  while (true) {
    end = exits.begin(end - 1, phone);
    path.phones.push_back(phone);
    path.begins.push_back(end);
    if (end == 0) break;
    phone = argmax(exits.score.row(end - 1) + bigram_.col(phone).transpose());
  }
  std::reverse(path.phones.begin(), path.phones.end());
  std::reverse(path.begins.begin(), path.begins.end());
  return path;
}

template <class Scalar>
void PhoneDecoder<Scalar>::throw_no_path(const ConstMatrixRef<Scalar>& scores) const {
  std::ostringstream message;
  message << "scores: no path through " << scores.rows() << " frames and " << n_phones() << " phones of " << n_states()
          << " states has a finite score";
  for (Index t = 0; t < scores.rows(); ++t) {
    if (scores.row(t).maxCoeff() > -std::numeric_limits<Scalar>::infinity()) continue;
    message << "; frame " << t << " has none";
    throw NumericalError(message.str());
  }
  if (scores.rows() < n_states()) {
    message << "; expected at least " << n_states() << " frames";
  } else if (beam_ < kAll) {
    message << " within the beam, " << beam_ << "; widen it";
  }
  throw NumericalError(message.str());
}

template class PhoneDecoder<float>;
template class PhoneDecoder<double>;

}  // namespace ppdl
