/// @file
/// A network under one θ: what is needed for outputs alone, made once.
#pragma once

#include <ppdl/layer/layer.hpp>
#include <ppdl/network/chain.hpp>
#include <ppdl/network/loss.hpp>

#include <memory>
#include <vector>

namespace ppdl {

/// Immutable; any number of threads may use one at the same time. Rows are independent: a sample's outputs are the same bits
/// whichever others it is predicted with.
template <class Scalar>
class Predictor {
 public:
  /// @param chain  the network's layers; shared, and kept alive
  /// @param theta  (n_parameters); nothing of it is referred to afterwards
  Predictor(std::shared_ptr<const Chain<Scalar>> chain, Index n_inputs, Loss loss, const Scalar* theta);
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;
  Predictor(Predictor&&) noexcept = default;
  Predictor& operator=(Predictor&&) noexcept = default;
  ~Predictor() = default;

  /// The network's outputs (n, n_outputs) for X (n, n_inputs), never pooled, without dropout.
  [[nodiscard]] Matrix<Scalar> predict(const ConstMatrixRef<Scalar>& X, int n_threads) const;

  /// The inputs of layer number `n` of those with weights, for X; of the first layer they are X itself. After the last one's number,
  /// the last products.
  [[nodiscard]] Matrix<Scalar> activations(const ConstMatrixRef<Scalar>& X, Index n, int n_threads) const;

 private:
  std::shared_ptr<const Chain<Scalar>> chain_;
  Index n_inputs_;
  Loss loss_;
  std::vector<std::unique_ptr<Inference<Scalar>>> layers_;
  std::vector<std::size_t> ends_;  ///< layers before layer number n of those with weights; last, all of them
};

}  // namespace ppdl
