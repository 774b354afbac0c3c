#include <ppdl/base/error.hpp>
#include <ppdl/base/interrupt.hpp>
#include <ppdl/decode/phone_decoder.hpp>

#include "helpers.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <vector>

namespace ppdl {
namespace {

constexpr Index kPhones = 3;

PhoneModel model_of(Index n_states) {
  const auto numbers = [](Index rows, Index cols, std::uint64_t stream) {
    return Matrix<double>(tests::random_matrix<double>(rows, cols, stream).array() - 1.0);
  };
  return {.initial = numbers(kPhones, 1, 1),
          .bigram = numbers(kPhones, kPhones, 2),
          .final = numbers(kPhones, 1, 3),
          .stay = numbers(kPhones * n_states, 1, 4),
          .advance = numbers(kPhones * n_states, 1, 5)};
}

/// Tries all that can follow a path that is in `state` at frame `t`; returns the best score of what remains.
template <class Scalar>
double best_rest(const PhoneModel& model, const Matrix<Scalar>& scores, Index t, Index state) {
  const Index n_states = model.n_states(), phone = state / n_states;
  const bool last = state % n_states == n_states - 1;
  const double here = static_cast<double>(scores(t, state));
  if (t == scores.rows() - 1) {
    return last ? here + model.advance[state] + model.final[phone] : -std::numeric_limits<double>::infinity();
  }
  double best = model.stay[state] + best_rest(model, scores, t + 1, state);
  if (!last) return here + std::max(best, model.advance[state] + best_rest(model, scores, t + 1, state + 1));
  for (Index to = 0; to < kPhones; ++to) {
    best =
        std::max(best, model.advance[state] + model.bigram(phone, to) + best_rest(model, scores, t + 1, to * n_states));
  }
  return here + best;
}

/// The score of the path that was found, with the best way through the states of each of its phones.
template <class Scalar>
double score_of(const PhoneModel& model, const Matrix<Scalar>& scores, const PhonePath& path) {
  double total = model.initial[path.phones.front()] + model.final[path.phones.back()];
  for (std::size_t k = 0; k < path.phones.size(); ++k) {
    PhoneModel single{.initial = Vector<double>::Zero(1),
                      .bigram = Matrix<double>::Constant(1, 1, -std::numeric_limits<double>::infinity()),
                      .final = Vector<double>::Zero(1),
                      .stay = model.stay.segment(path.phones[k] * model.n_states(), model.n_states()),
                      .advance = model.advance.segment(path.phones[k] * model.n_states(), model.n_states())};
    const Matrix<Scalar> part = scores.block(path.begins[k], path.phones[k] * model.n_states(),
                                             path.begins[k + 1] - path.begins[k], model.n_states());
    total += PhoneDecoder<Scalar>(single).decode(part).score;
    if (k > 0) total += model.bigram(path.phones[k - 1], path.phones[k]);
  }
  return total;
}

}  // namespace

TEST_CASE_TEMPLATE("the decoder finds the best of all paths, and its phones and frames have its score", Scalar, float,
                   double) {
  for (const Index n_states : {1, 2, 3}) {
    const PhoneModel model = model_of(n_states);
    const PhoneDecoder<Scalar> decoder(model);
    for (Index n_frames = n_states; n_frames <= 7; ++n_frames) {
      CAPTURE(n_states);
      CAPTURE(n_frames);
      const Matrix<Scalar> scores = tests::random_matrix<Scalar>(n_frames, kPhones * n_states, 6);
      double best = -std::numeric_limits<double>::infinity();
      for (Index p = 0; p < kPhones; ++p) {
        best = std::max(best, model.initial[p] + best_rest(model, scores, 0, p * n_states));
      }
      const PhonePath path = decoder.decode(scores);
      CHECK(path.score == doctest::Approx(best).epsilon(1e-12));
      CHECK(path.begins.size() == path.phones.size() + 1);
      CHECK(path.begins.front() == 0);
      CHECK(path.begins.back() == n_frames);
      CHECK(score_of(model, scores, path) == doctest::Approx(best).epsilon(1e-12));
    }
  }
}

TEST_CASE_TEMPLATE("rows of scores may be further apart than they are long", Scalar, float, double) {
  const PhoneDecoder<Scalar> decoder(model_of(2));
  const Matrix<Scalar> wide = tests::random_matrix<Scalar>(9, kPhones * 2 + 5, 6), scores = wide.leftCols(kPhones * 2);
  CHECK(decoder.decode(wide.leftCols(kPhones * 2)).score == decoder.decode(scores).score);
}

TEST_CASE_TEMPLATE("what cannot be decoded is named", Scalar, float, double) {
  const PhoneDecoder<Scalar> decoder(model_of(3));
  Matrix<Scalar> scores = tests::random_matrix<Scalar>(5, kPhones * 3, 6);
  CHECK_THROWS_WITH_AS((void)decoder.decode(scores.topRows(2)), doctest::Contains("expected at least 3 frames"),
                       NumericalError);
  CHECK_THROWS_WITH_AS((void)decoder.decode(scores.leftCols(8)), doctest::Contains("received 8; expected 9"),
                       std::invalid_argument);
  scores(4, 1) = std::numeric_limits<Scalar>::quiet_NaN();
  CHECK_THROWS_WITH_AS((void)decoder.decode(scores), doctest::Contains("frame 4"), std::invalid_argument);
}

TEST_CASE("a long utterance hears an interrupt") {
  const PhoneDecoder<double> decoder(model_of(1));
  const Matrix<double> scores = tests::random_matrix<double>(1000, kPhones, 6);
  int polled = 0;
  const PollScope scope([&] {
    if (++polled == 3) throw std::runtime_error("interrupted");
  });
  CHECK_THROWS_WITH((void)decoder.decode(scores), "interrupted");
}

}  // namespace ppdl
