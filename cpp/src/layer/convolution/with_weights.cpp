#include <ppdl/layer/convolution/patch_product.hpp>

#include <utility>
#include <vector>

namespace ppdl {
namespace {

template <class Scalar>
class WithWeights final : public PatchProduct<Scalar> {
  using Base = PatchProduct<Scalar>;

  struct Coefficients final : Base::Coefficients {
    Matrix<Scalar> W;                     // where V isn't W itself
    Panels<Scalar> right;                 // W packed
    std::vector<Panels<Scalar>> right_t;  // for each row of the window its part of Wᵀ, packed
  };
  struct Buffers final : Base::Buffers {
    Matrix<Scalar> padded;      // (n_images, padded size), the border zero
    std::vector<Index> begins;  // of the patches of all images
    Panels<Scalar> gradients;   // dZ packed
    Matrix<Scalar> d_patches;   // (n_positions, segment)
    Vector<Scalar> d_padded;
  };

 public:
  WithWeights(std::shared_ptr<const PredictedWeights<Scalar>> weights, const PatchGrid& grid)
      : weights_(std::move(weights)), grid_(grid) {
    for (Index j = 0; j < weights_->n_columns(); ++j) {
      for (Index channel = 0; channel < weights_->n_channels(); ++channel) tasks_.push_back({j, channel});
    }
  }

  [[nodiscard]] Order order() const override { return Order::predict; }
  [[nodiscard]] double multiply_adds(const Setting& setting) const override {
    return dense_multiply_adds(weights_->n_visible(), weights_->n_hidden(), setting) *
           static_cast<double>(grid_.n_positions()) / static_cast<double>(setting.batch);
  }
  [[nodiscard]] double multiply_adds_once(const Setting& setting) const override {
    if (weights_->selects()) return 0.0;
    const double sum = static_cast<double>(weights_->n_points()) * static_cast<double>(weights_->n_dynamic());
    return setting.training ? 2.0 * sum : sum;
  }
  [[nodiscard]] double effort(const Setting& setting) const override {
    return static_cast<double>(setting.batch) * multiply_adds(setting) + multiply_adds_once(setting);
  }

  [[nodiscard]] std::unique_ptr<typename Base::Coefficients> coefficients(bool reverse_input) const override {
    auto made = std::make_unique<Coefficients>();
    made->right.resize(weights_->n_visible(), weights_->n_hidden());
    if (!weights_->is_identity()) made->W.resize(weights_->n_visible(), weights_->n_hidden());
    if (reverse_input) {
      for (Index r = 0; r < grid_.window().height; ++r) {
        made->right_t.emplace_back(weights_->n_hidden(), grid_.segment());
      }
    }
    return made;
  }

  /// One row of the window.
  [[nodiscard]] Index n_prepare_tasks() const override { return grid_.window().height; }
  void prepare(Index task, const Scalar* V, typename Base::Coefficients& coefficients) const override {
    auto& made = static_cast<Coefficients&>(coefficients);
    const Index count = grid_.segment(), first = task * count, n_hidden = weights_->n_hidden();
    const Scalar* rows = V + first * n_hidden;
    if (!weights_->is_identity()) {
      weights_->materialise(V, first, made.W.middleRows(first, count));
      rows = &made.W(first, 0);
    }
    const ConstMatrixMap<Scalar> W(rows, count, n_hidden);
    made.right.pack(first, W);
    if (!made.right_t.empty()) made.right_t[static_cast<std::size_t>(task)].pack_transposed(0, W);
  }

  [[nodiscard]] std::unique_ptr<typename Base::Buffers> buffers() const override { return std::make_unique<Buffers>(); }

  void forward(const typename Base::Coefficients& coefficients, const ConstMatrixRef<Scalar>& X, MatrixMap<Scalar> Z,
               typename Base::Buffers& buffers) const override {
    const auto& made = static_cast<const Coefficients&>(coefficients);
    auto& own = static_cast<Buffers&>(buffers);
    reserve(X.rows(), own);
    for (Index i = 0; i < X.rows(); ++i) grid_.pad(&X.coeffRef(i, 0), &own.padded(i, 0));
    multiply<Scalar>(patches(X.rows(), own), made.right, Z);
  }

  [[nodiscard]] Index n_sums() const override { return weights_->n_visible() * weights_->n_hidden(); }
  [[nodiscard]] bool sums_are_gradient() const override { return weights_->is_identity(); }

  void reverse(const typename Base::Coefficients& coefficients, ConstMatrixMap<Scalar> dZ, MatrixRef<Scalar>* dX,
               Scalar* sums, typename Base::Buffers& buffers) const override {
    const auto& made = static_cast<const Coefficients&>(coefficients);
    auto& own = static_cast<Buffers&>(buffers);
    const Index n_images = dZ.rows() / grid_.n_positions();
    own.gradients.resize(dZ.rows(), dZ.cols());
    own.gradients.pack(0, dZ);
    multiply_transposed<Scalar>(patches(n_images, own), 0, own.gradients,
                                MatrixMap<Scalar>(sums, weights_->n_visible(), weights_->n_hidden()));
    if (dX == nullptr) return;
    own.d_patches.resize(grid_.n_positions(), grid_.segment());
    own.d_padded.resize(grid_.padded_size());
    for (Index i = 0; i < n_images; ++i) {
      own.d_padded.setZero();
      for (Index r = 0; r < grid_.window().height; ++r) {
        multiply<Scalar>(dZ.middleRows(i * grid_.n_positions(), grid_.n_positions()),
                         made.right_t[static_cast<std::size_t>(r)], own.d_patches);
        grid_.add_patches<Scalar>(own.d_patches, r, own.d_padded.data());
      }
      grid_.unpad(own.d_padded.data(), &dX->coeffRef(i, 0));
    }
  }

  [[nodiscard]] Index n_finish_tasks() const override {
    return sums_are_gradient() ? 0 : static_cast<Index>(tasks_.size());
  }
  void finish(Index task, const Scalar* sums, Scalar* dV) const override {
    const auto& [j, channel] = tasks_[static_cast<std::size_t>(task)];
    const ConstMatrixMap<Scalar> dW(sums, weights_->n_visible(), weights_->n_hidden());
    weights_->project_part(dW, j, channel, 0, weights_->n_atoms(j) / weights_->n_channels(), dV);
  }

 private:
  struct Task {
    Index column, channel;
  };

  void reserve(Index n_images, Buffers& own) const {
    const Index n = grid_.n_positions();
    if (own.padded.rows() < n_images) own.padded = Matrix<Scalar>::Zero(n_images, grid_.padded_size());
    for (Index i = static_cast<Index>(own.begins.size()) / n; i < n_images; ++i) {
      for (const Index begin : grid_.begins()) own.begins.push_back(i * grid_.padded_size() + begin);
    }
  }

  [[nodiscard]] Gathered<Scalar> patches(Index n_images, const Buffers& own) const {
    const auto n = static_cast<std::size_t>(n_images * grid_.n_positions());
    return {own.padded.data(), std::span(own.begins).first(n), grid_.segments(), grid_.segment()};
  }

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  PatchGrid grid_;
  std::vector<Task> tasks_;
};

}  // namespace

template <class Scalar>
std::unique_ptr<const PatchProduct<Scalar>> product_with_weights(
    std::shared_ptr<const PredictedWeights<Scalar>> weights, const PatchGrid& grid) {
  return std::make_unique<WithWeights<Scalar>>(std::move(weights), grid);
}

template std::unique_ptr<const PatchProduct<float>> product_with_weights(std::shared_ptr<const PredictedWeights<float>>,
                                                                         const PatchGrid&);
template std::unique_ptr<const PatchProduct<double>> product_with_weights(
    std::shared_ptr<const PredictedWeights<double>>, const PatchGrid&);

}  // namespace ppdl
