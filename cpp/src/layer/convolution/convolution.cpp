#include <ppdl/layer/convolution.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/base/pool.hpp>
#include <ppdl/layer/convolution/patch_product.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

// Numbers of the gradient that one task adds up over blocks of images.
constexpr Index kSumPart = 8192;

template <class Scalar>
using Buffers = typename PatchProduct<Scalar>::Buffers;

/// The outputs of a block of images, one position in each row.
template <class Scalar>
ConstMatrixMap<Scalar> by_position(const ConstMatrixRef<Scalar>& maps, Index n_filters) {
  return {maps.data(), maps.size() / n_filters, n_filters};
}

template <class Scalar>
void convolve(const PatchProduct<Scalar>& product, const typename PatchProduct<Scalar>::Coefficients& coefficients,
              const Scalar* bias, Index n_filters, const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output,
              Buffers<Scalar>& buffers) {
  check_size("stride of a block of maps", output.outerStride(), output.cols(), "its columns");
  MatrixMap<Scalar> Z(output.data(), output.size() / n_filters, n_filters);
  product.forward(coefficients, input, Z, buffers);
  if (bias != nullptr) Z.rowwise() += Eigen::Map<const RowVector<Scalar>>(bias, n_filters);
}

template <class Scalar>
class ConvolutionInference final : public Inference<Scalar> {
 public:
  ConvolutionInference(std::shared_ptr<const PatchProduct<Scalar>> product, Index n_outputs, Index n_filters,
                       const Scalar* V, const Scalar* bias)
      : product_(std::move(product)),
        n_outputs_(n_outputs),
        n_filters_(n_filters),
        coefficients_(product_->coefficients(false)) {
    if (bias != nullptr) bias_ = Eigen::Map<const RowVector<Scalar>>(bias, n_filters);
    for (Index t = 0; t < product_->n_prepare_tasks(); ++t) product_->prepare(t, V, *coefficients_);
  }
  [[nodiscard]] Index n_outputs() const override { return n_outputs_; }
  void forward(const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output) const override {
    const auto buffers = product_->buffers();
    for (Index i = 0; i < input.rows(); ++i) {
      convolve<Scalar>(*product_, *coefficients_, bias_.size() > 0 ? bias_.data() : nullptr, n_filters_,
                       input.middleRows(i, 1), output.middleRows(i, 1), *buffers);
    }
  }

 private:
  std::shared_ptr<const PatchProduct<Scalar>> product_;
  Index n_outputs_, n_filters_;
  std::unique_ptr<typename PatchProduct<Scalar>::Coefficients> coefficients_;
  RowVector<Scalar> bias_;
};

/// In the order that was asked for, or the cheaper one; ordinary weights have one order alone.
template <class Scalar>
std::shared_ptr<const PatchProduct<Scalar>> product_in_order(
    const std::shared_ptr<const PredictedWeights<Scalar>>& weights, const PatchGrid& grid, OrderChoice order,
    const Setting& setting) {
  if (order == OrderChoice::pool && !weights->is_identity()) return product_with_maps(weights, grid);
  auto predicting = product_with_weights(weights, grid);
  if (order == OrderChoice::predict || !lacks_for_maps(*weights, grid.window()).empty()) return predicting;
  auto pooling = product_with_maps(weights, grid);
  if (pooling->effort(setting) < predicting->effort(setting)) return pooling;
  return predicting;
}

/// The gradient is summed in blocks of samples, each block by itself, and over blocks in order.
template <class Scalar>
class ConvolutionLayer final : public Layer<Scalar> {
  using Product = PatchProduct<Scalar>;

 public:
  ConvolutionLayer(std::shared_ptr<const PredictedWeights<Scalar>> weights, const PatchGrid& grid, OrderChoice order,
                   bool bias, Index batch, bool reverse_input)
      : weights_(std::move(weights)), grid_(grid), bias_(bias), reverse_input_(reverse_input) {
    product_ = product_in_order(weights_, grid_, order, {.batch = batch, .reverse_input = reverse_input});
  }

  [[nodiscard]] Index n_inputs() const override { return grid_.image().size(); }
  [[nodiscard]] Index n_outputs() const override { return grid_.n_positions() * n_filters(); }
  [[nodiscard]] Index fan_out() const override { return grid_.window().height * grid_.window().width * n_filters(); }
  [[nodiscard]] Index n_parameters() const override { return weights_->n_dynamic() + (bias_ ? n_filters() : 0); }
  [[nodiscard]] std::vector<WeightBlock<Scalar>> weights() const override { return {{0, weights_}}; }

  [[nodiscard]] double multiply_adds(Index batch) const override {
    const Setting setting{.batch = batch, .reverse_input = reverse_input_};
    return static_cast<double>(batch) * product_->multiply_adds(setting) + product_->multiply_adds_once(setting);
  }

  [[nodiscard]] std::optional<LayerDescription> describe(Index batch) const override {
    const Setting one{.batch = 1, .reverse_input = reverse_input_};
    const double positions = static_cast<double>(grid_.n_positions());
    return described(*weights_, bias_, Plan{product_->order()}, multiply_adds(batch) / static_cast<double>(batch),
                     positions * dense_multiply_adds(weights_->n_visible(), n_filters(), one));
  }

  [[nodiscard]] std::unique_ptr<Scratch> scratch(Index rows, Index block, bool training,
                                                 bool reverse_input) const override {
    auto work = std::make_unique<Work>();
    work->coefficients = product_->coefficients(training && reverse_input);
    work->block = block;
    work->shortest = (block + 1) / 2;
    work->held.resize(static_cast<std::size_t>(rows / work->shortest + 1));
    if (training) work->sums.resize(work->held.size());
    if (training && !product_->sums_are_gradient()) work->total.resize(product_->n_sums());
    return work;
  }

  [[nodiscard]] std::unique_ptr<Inference<Scalar>> inference(const Scalar* theta) const override {
    return std::make_unique<ConvolutionInference<Scalar>>(product_, n_outputs(), n_filters(), theta,
                                                          bias_ ? theta + weights_->n_dynamic() : nullptr);
  }

  [[nodiscard]] Index n_prepare_tasks() const override { return product_->n_prepare_tasks(); }
  void prepare(Index task, const Scalar* theta, Scratch* scratch) const override {
    product_->prepare(task, theta, *Work::in(scratch).coefficients);
  }

  void forward(const Pass&, Index, Index first, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch* scratch) const override {
    Work& work = Work::in(scratch);
    auto& buffers = work.held[work.slot(first)];
    buffers = work.buffers.take([&] { return product_->buffers(); });
    convolve<Scalar>(*product_, *work.coefficients, bias_ ? theta + weights_->n_dynamic() : nullptr, n_filters(), input,
                     output, *buffers);
  }

  void reverse(const Pass&, Index, Index first, const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>& d_output,
               MatrixRef<Scalar>* d_input, Scratch* scratch) const override {
    Work& work = Work::in(scratch);
    Vector<Scalar>& sums = work.sums[work.slot(first)];
    sums.resize(product_->n_sums() + (bias_ ? n_filters() : 0));
    const ConstMatrixMap<Scalar> dZ = by_position<Scalar>(d_output, n_filters());
    if (bias_) {
      Eigen::Map<RowVector<Scalar>> d_bias(sums.data() + product_->n_sums(), n_filters());
      d_bias.setZero();
      for (Index i = 0; i < dZ.rows(); ++i) d_bias += dZ.row(i);
    }
    auto buffers = std::move(work.held[work.slot(first)]);
    product_->reverse(*work.coefficients, dZ, d_input, sums.data(), *buffers);
  }

  [[nodiscard]] Index n_gradient_tasks() const override { return (product_->n_sums() + kSumPart - 1) / kSumPart + 1; }
  void gradient(Index task, const ConstMatrixRef<Scalar>& input, const ConstMatrixRef<Scalar>&, Scalar* d_theta,
                Into into, Scratch* scratch) const override {
    Work& work = Work::in(scratch);
    const Index n_sums = product_->n_sums();
    const bool is_bias = task + 1 == n_gradient_tasks();
    const Index begin = is_bias ? n_sums : task * kSumPart;
    const Index count = is_bias ? (bias_ ? n_filters() : 0) : std::min(kSumPart, n_sums - begin);
    Scalar* to = d_theta + begin;
    if (is_bias) {
      to = d_theta + weights_->n_dynamic();
    } else if (!product_->sums_are_gradient()) {
      to = work.total.data() + begin;
    }
    Eigen::Map<Vector<Scalar>> total(to, count);
    if (into == Into::overwrite) total.setZero();
    const Blocks blocks(input.rows(), work.block);
    for (Index b = 0; b < blocks.count(); ++b) total += work.sums[work.slot(blocks.begin(b))].segment(begin, count);
  }

  [[nodiscard]] Index n_finish_tasks() const override { return product_->n_finish_tasks(); }
  void finish(Index task, const Scalar*, Scalar* d_theta, Scratch* scratch) const override {
    product_->finish(task, Work::in(scratch).total.data(), d_theta);
  }

 private:
  struct Work final : Scratch {
    static Work& in(Scratch* scratch) { return *static_cast<Work*>(scratch); }
    /// Of the block whose first sample has this number in its group.
    [[nodiscard]] std::size_t slot(Index first) const { return static_cast<std::size_t>(first / shortest); }

    std::unique_ptr<typename Product::Coefficients> coefficients;
    Index block = 1, shortest = 1;  // samples of a block at most, and at least
    Pool<Buffers<Scalar>> buffers;
    std::vector<typename Pool<Buffers<Scalar>>::Loan> held;  // from a block's forward to its reverse
    std::vector<Vector<Scalar>> sums;                        // of each block: the product's, then the bias's
    Vector<Scalar> total;  // the product's over all blocks, if they aren't dV as they stand
  };

  [[nodiscard]] Index n_filters() const { return weights_->n_hidden(); }

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  PatchGrid grid_;
  bool bias_, reverse_input_;
  std::shared_ptr<const Product> product_;
};

}  // namespace

template <class Scalar>
ConvolutionSpec<Scalar>::ConvolutionSpec(std::shared_ptr<const PredictedWeights<Scalar>> weights, const Window& window,
                                         OrderChoice order, bool bias)
    : weights_(std::move(weights)), window_(window), order_(order), bias_(bias) {
  check(!weights_->learned(),
        "a convolution with a learned dictionary (LowRank) is not offered; choose another dictionary");
}

template <class Scalar>
PatchGrid ConvolutionSpec<Scalar>::grid(const Shape& input) const {
  PatchGrid grid(input, window_);
  check_size("rows of a convolution's weights", weights_->n_visible(), grid.patch_size(), "numbers of a patch");
  return grid;
}

template <class Scalar>
Shape ConvolutionSpec<Scalar>::output_shape(const Shape& input) const {
  const PatchGrid positions = grid(input);
  return {.height = positions.height(), .width = positions.width(), .channels = weights_->n_hidden()};
}

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> ConvolutionSpec<Scalar>::make(const Shape& input,
                                                                   const LayerContext& context) const {
  return std::make_unique<ConvolutionLayer<Scalar>>(weights_, grid(input), order_, bias_, context.setting.batch,
                                                    context.setting.reverse_input);
}

template class ConvolutionSpec<float>;
template class ConvolutionSpec<double>;

}  // namespace ppdl
