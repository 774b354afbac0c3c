/// @file
/// The feed-forward network: layers, a loss, one flat θ.
#pragma once

#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/model/chain.hpp>
#include <ppdl/model/initialisation.hpp>
#include <ppdl/model/loss.hpp>
#include <ppdl/model/model.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ppdl {

/// A dense layer over predicted weights; without an order the cost model chooses.
template <class Scalar>
struct DenseSpec {
  std::shared_ptr<const PredictedWeights<Scalar>> weights;
  enum class Choice { automatic, predict, pool } order = Choice::automatic;
  bool bias = true;
};
struct ActivationSpec {
  Activation kind = Activation::logistic;
};
struct MaxoutSpec {
  Index n_inputs = 0;
  Index n_pieces = 2;
};
struct DropoutSpec {
  double rate = 0.5;
};
template <class Scalar>
using LayerSpec = std::variant<DenseSpec<Scalar>, ActivationSpec, MaxoutSpec, DropoutSpec>;

/// What a user wants to know of one dense layer.
struct DenseDescription {
  Index n_visible, n_hidden, n_columns, n_atoms, n_dynamic, n_static, n_bias;
  Order order;
  bool identity;
  bool pooled_once;
  double multiply_adds;        ///< per sample, forward and reverse
  double dense_multiply_adds;  ///< of the dense layer of this shape
  Index offset;                ///< of V in θ
  Index bias_offset;
};

struct NetworkOptions {
  Loss loss = Loss::softmax;
  double alpha = 0.0;               ///< weight decay: ½ α ‖V‖² / (total weight of the batch)
  bool penalise_predicted = false;  ///< decay ‖UV‖² = tr(VᵀUᵀUV) in its place
};

/// θ: for each dense layer in order V, then b. A fresh network is planned for batches of one sample.
template <class Scalar>
class Network final : public Model<Scalar> {
 public:
  /// @throws std::invalid_argument unless the layers' sizes fit, the first is dense or dropout and the last is dense
  Network(std::vector<LayerSpec<Scalar>> layers, Index n_inputs, const NetworkOptions& options);

  /// Chooses each layer's order of evaluation for batches of `batch` samples. With `n_samples` > 0 the first layer may
  /// be pooled once for the whole data set, if that is cheaper and takes at most `memory_limit` bytes.
  void plan(Index batch, Index n_samples = 0, double memory_limit = 0.0);

  [[nodiscard]] Index n_inputs() const { return n_inputs_; }
  [[nodiscard]] Index n_outputs() const { return training_.n_outputs(); }
  [[nodiscard]] bool pools_input() const {
    return training_.first_product() && training_.first_product()->pooled_once();
  }
  /// The data set as the plan wants it, (n, input_width), from X (n, n_inputs).
  [[nodiscard]] Matrix<Scalar> pool_input(const ConstMatrixRef<Scalar>& X, int n_threads) const;
  [[nodiscard]] std::vector<DenseDescription> describe() const;
  [[nodiscard]] Vector<Scalar> initial(std::uint64_t seed, const Initialisation& initialisation) const;

  [[nodiscard]] Index n_parameters() const override { return training_.n_parameters(); }
  [[nodiscard]] Index input_width() const override { return training_.n_inputs(); }
  [[nodiscard]] double multiply_adds(Index batch) const override { return training_.multiply_adds(batch); }
  [[nodiscard]] std::unique_ptr<Workspace> workspace(Index batch) const override;
  double value_and_gradient(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Step& step,
                            Workspace& workspace, Scalar* gradient) const override;
  void check_samples(const Samples<Scalar>& samples) const override;
  [[nodiscard]] std::vector<ColumnNorm> weight_blocks() const override;

  /// The network's outputs (n, n_outputs) for raw X (n, n_inputs), without dropout.
  [[nodiscard]] Matrix<Scalar> predict(const Scalar* theta, const ConstMatrixRef<Scalar>& X, int n_threads) const;
  /// The input of dense layer number `n_dense` (0: X itself, unpooled), without dropout; after the last layer's number, the
  /// last layer's products.
  [[nodiscard]] Matrix<Scalar> activations(const Scalar* theta, const ConstMatrixRef<Scalar>& X, Index n_dense,
                                           int n_threads) const;

 private:
  [[nodiscard]] Chain<Scalar> build(const Setting& setting, Index n_samples, double memory_limit, Index n_dense) const;
  [[nodiscard]] Index n_dense() const;

  std::vector<LayerSpec<Scalar>> specs_;
  Index n_inputs_;
  NetworkOptions options_;
  Index batch_ = 1;
  Chain<Scalar> training_;
};

}  // namespace ppdl
