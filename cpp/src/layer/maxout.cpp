#include <ppdl/layer/maxout.hpp>

#include <ppdl/base/check.hpp>

#include <cstdint>

namespace ppdl {
namespace {

template <class Scalar>
class MaxoutLayer final : public Layer<Scalar> {
 public:
  MaxoutLayer(Index n_inputs, Index n_pieces) : n_inputs_(n_inputs), n_pieces_(n_pieces) {}
  [[nodiscard]] Index n_inputs() const override { return n_inputs_; }
  [[nodiscard]] Index n_outputs() const override { return n_inputs_ / n_pieces_; }

  [[nodiscard]] std::unique_ptr<Scratch> scratch(Index rows, Index, bool training, bool) const override {
    if (!training) return nullptr;
    auto work = std::make_unique<Work>();
    work->winners.resize(rows, n_outputs());
    return work;
  }

  void forward(const Pass&, Index, Index first, const Scalar*, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch* scratch) const override {
    auto* work = static_cast<Work*>(scratch);
    for (Index i = 0; i < input.rows(); ++i) {
      for (Index unit = 0; unit < n_outputs(); ++unit) {
        Index winner = 0;
        output(i, unit) = input.row(i).segment(unit * n_pieces_, n_pieces_).maxCoeff(&winner);
        if (work != nullptr) work->winners(first + i, unit) = static_cast<std::int32_t>(winner);
      }
    }
  }

  void reverse(const Pass&, Index, Index first, const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>& d_output,
               MatrixRef<Scalar>* d_input, Scratch* scratch) const override {
    if (d_input == nullptr) return;
    const auto& winners = static_cast<Work*>(scratch)->winners;
    d_input->setZero();
    for (Index i = 0; i < d_output.rows(); ++i) {
      for (Index unit = 0; unit < n_outputs(); ++unit) {
        (*d_input)(i, unit * n_pieces_ + winners(first + i, unit)) = d_output(i, unit);
      }
    }
  }

 private:
  struct Work final : Scratch {
    Matrix<std::int32_t> winners;  ///< (rows, n_outputs) which piece won
  };

  Index n_inputs_;
  Index n_pieces_;
};

}  // namespace

template <class Scalar>
Shape MaxoutSpec<Scalar>::output_shape(const Shape& input) const {
  check(n_pieces_ > 0 && input.channels % n_pieces_ == 0, "n_pieces: received ", n_pieces_,
        "; expected a divisor of the maxout layer's inputs, ", input.channels);
  return {input.height, input.width, input.channels / n_pieces_};
}

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> MaxoutSpec<Scalar>::make(const Shape& input, const LayerContext&) const {
  (void)output_shape(input);
  return std::make_unique<MaxoutLayer<Scalar>>(input.size(), n_pieces_);
}

template class MaxoutSpec<float>;
template class MaxoutSpec<double>;

}  // namespace ppdl
