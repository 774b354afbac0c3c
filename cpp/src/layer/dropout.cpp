#include <ppdl/layer/dropout.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/random.hpp>

#include <algorithm>
#include <cstddef>

namespace ppdl {

template <class Scalar>
DropoutLayer<Scalar>::DropoutLayer(Index n_units, double rate, Index number)
    : n_units_(n_units), rate_(rate), number_(number) {
  check(rate >= 0.0 && rate < 1.0, "the dropout rate must be in [0, 1); received ", rate);
}

template <class Scalar>
void DropoutLayer<Scalar>::mask(const Pass& pass, Index first_row, const ConstMatrixRef<Scalar>& from,
                                MatrixRef<Scalar> to) const {
  if (!pass.training || rate_ == 0.0) {
    to = from;
    return;
  }
  constexpr std::uint64_t kDropoutStreams = std::uint64_t{1} << 47;  // apart from those of weights and dictionaries
  const Random random(pass.seed, kDropoutStreams + (pass.step << 8) + static_cast<std::uint64_t>(number_));
  const auto threshold = static_cast<std::uint32_t>(rate_ * 4294967296.0);
  const Scalar kept = static_cast<Scalar>(1.0 / (1.0 - rate_));
  const Index words_per_row = (n_units_ + 3) / 4;
  for (Index i = 0; i < from.rows(); ++i) {
    for (Index word = 0; word < words_per_row; ++word) {
      const auto bits = random.words(static_cast<std::uint64_t>((first_row + i) * words_per_row + word));
      for (Index k = 4 * word; k < std::min(n_units_, 4 * word + 4); ++k) {
        to(i, k) = bits[static_cast<std::size_t>(k - 4 * word)] < threshold ? Scalar(0) : kept * from(i, k);
      }
    }
  }
}

template <class Scalar>
void DropoutLayer<Scalar>::forward(const Pass& pass, Index first_row, const Scalar*,
                                   const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output,
                                   LayerBuffers<Scalar>&) const {
  mask(pass, first_row, input, output);
}

template <class Scalar>
void DropoutLayer<Scalar>::reverse(const Pass& pass, Index first_row, const Scalar*, const ConstMatrixRef<Scalar>&,
                                   const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
                                   LayerBuffers<Scalar>&) const {
  if (d_input != nullptr) mask(pass, first_row, d_output, *d_input);
}

template class DropoutLayer<float>;
template class DropoutLayer<double>;

}  // namespace ppdl
