#include <ppdl/layer/dropout.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/random.hpp>

#include <algorithm>
#include <cstddef>

namespace ppdl {
namespace {

template <class Scalar>
class DropoutLayer final : public Layer<Scalar> {
 public:
  DropoutLayer(Index n_units, double rate, Index number) : n_units_(n_units), rate_(rate), number_(number) {}
  [[nodiscard]] Index n_inputs() const override { return n_units_; }
  [[nodiscard]] Index n_outputs() const override { return n_units_; }
  [[nodiscard]] std::unique_ptr<Inference<Scalar>> inference(const Scalar*) const override { return nullptr; }

  void forward(const Pass& pass, Index row, Index, const Scalar*, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch*) const override {
    mask(pass, row, input, output);
  }

  void reverse(const Pass& pass, Index row, Index, const ConstMatrixRef<Scalar>&,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input, Scratch*) const override {
    if (d_input != nullptr) mask(pass, row, d_output, *d_input);
  }

 private:
  void mask(const Pass& pass, Index row, const ConstMatrixRef<Scalar>& from, MatrixRef<Scalar> to) const {
    if (!pass.training || rate_ == 0.0) {
      to = from;
      return;
    }
    const Random random = pass.random(kDropoutStreams, number_);
    const auto threshold = static_cast<std::uint32_t>(rate_ * 4294967296.0);
    const Scalar kept = static_cast<Scalar>(1.0 / (1.0 - rate_));
    const Index words_per_row = (n_units_ + 3) / 4;
    for (Index i = 0; i < from.rows(); ++i) {
      for (Index word = 0; word < words_per_row; ++word) {
        const auto bits = random.words(static_cast<std::uint64_t>((row + i) * words_per_row + word));
        for (Index k = 4 * word; k < std::min(n_units_, 4 * word + 4); ++k) {
          to(i, k) = bits[static_cast<std::size_t>(k - 4 * word)] < threshold ? Scalar(0) : kept * from(i, k);
        }
      }
    }
  }

  Index n_units_;
  double rate_;
  Index number_;
};

}  // namespace

template <class Scalar>
DropoutSpec<Scalar>::DropoutSpec(double rate) : rate_(rate) {
  check(rate >= 0.0 && rate < 1.0, "dropout: received ", rate, "; expected a rate in [0, 1)");
}

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> DropoutSpec<Scalar>::make(const Shape& input, const LayerContext& context) const {
  return std::make_unique<DropoutLayer<Scalar>>(input.size(), rate_, context.number);
}

template class DropoutSpec<float>;
template class DropoutSpec<double>;

}  // namespace ppdl
