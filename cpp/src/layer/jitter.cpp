#include <ppdl/layer/jitter.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/random.hpp>

#include <algorithm>
#include <cstdint>

namespace ppdl {
namespace {

template <class Scalar>
class JitterLayer final : public Layer<Scalar> {
 public:
  JitterLayer(const Shape& image, Index shift, bool mirror, Index number)
      : image_(image), shift_(shift), mirror_(mirror), number_(number) {}
  [[nodiscard]] Index n_inputs() const override { return image_.size(); }
  [[nodiscard]] Index n_outputs() const override { return image_.size(); }
  [[nodiscard]] std::unique_ptr<Inference<Scalar>> inference(const Scalar*) const override { return nullptr; }

  void forward(const Pass& pass, Index row, Index, const Scalar*, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch*) const override {
    if (!pass.training) {
      output = input;
      return;
    }
    output.setZero();
    for (Index i = 0; i < input.rows(); ++i) {
      const Scalar* from = &input.coeffRef(i, 0);
      Scalar* to = &output.coeffRef(i, 0);
      for_each_point(pass, row + i,
                     [&](Index source, Index target) { std::copy_n(from + source, image_.channels, to + target); });
    }
  }

  void reverse(const Pass& pass, Index row, Index, const ConstMatrixRef<Scalar>&,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input, Scratch*) const override {
    if (d_input == nullptr) return;
    if (!pass.training) {
      *d_input = d_output;
      return;
    }
    d_input->setZero();
    for (Index i = 0; i < d_output.rows(); ++i) {
      const Scalar* from = &d_output.coeffRef(i, 0);
      Scalar* to = &d_input->coeffRef(i, 0);
      for_each_point(pass, row + i,
                     [&](Index source, Index target) { std::copy_n(from + target, image_.channels, to + source); });
    }
  }

 private:
  /// Calls `move(source, target)` with the first numbers of each point that stays in sight, before and after the move.
  template <class Move>
  void for_each_point(const Pass& pass, Index row, const Move& move) const {
    const auto [down, across, side, unused] =
        pass.random(kJitterStreams, number_).words(static_cast<std::uint64_t>(row));
    const auto n_moves = static_cast<std::uint32_t>(2 * shift_ + 1);
    const Index dy = static_cast<Index>(down % n_moves) - shift_, dx = static_cast<Index>(across % n_moves) - shift_;
    const bool mirrored = mirror_ && side % 2 == 1;
    for (Index y = std::max<Index>(0, dy); y < std::min(image_.height, image_.height + dy); ++y) {
      for (Index x = std::max<Index>(0, dx); x < std::min(image_.width, image_.width + dx); ++x) {
        const Index source = mirrored ? image_.width - 1 - (x - dx) : x - dx;
        move(((y - dy) * image_.width + source) * image_.channels, (y * image_.width + x) * image_.channels);
      }
    }
  }

  Shape image_;
  Index shift_;
  bool mirror_;
  Index number_;
};

}  // namespace

template <class Scalar>
JitterSpec<Scalar>::JitterSpec(Index shift, bool mirror) : shift_(shift), mirror_(mirror) {
  check(shift >= 0 && shift < Index{1} << 30, "shift: received ", shift, "; expected a number of points, at least 0");
}

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> JitterSpec<Scalar>::make(const Shape& input, const LayerContext& context) const {
  return std::make_unique<JitterLayer<Scalar>>(input, shift_, mirror_, context.number);
}

template class JitterSpec<float>;
template class JitterSpec<double>;

}  // namespace ppdl
