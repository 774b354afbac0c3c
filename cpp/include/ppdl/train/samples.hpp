/// @file
/// A data set as a model sees it: views of the caller's arrays, and a choice of their rows.
#pragma once

#include <ppdl/base/types.hpp>

#include <cstdint>

namespace ppdl {

/// Which samples, in which order: `indices[0 … count)`, or `first … first + count` without indices.
struct Rows {
  const Index* indices = nullptr;
  Index first = 0;
  Index count = 0;

  [[nodiscard]] Index operator[](Index i) const { return indices != nullptr ? indices[i] : first + i; }
  /// Of these, those from number `begin` on, `length` of them.
  [[nodiscard]] Rows part(Index begin, Index length) const {
    return {.indices = indices != nullptr ? indices + begin : nullptr, .first = first + begin, .count = length};
  }
};

/// Views; the arrays belong to the caller. A model of targets is given either `labels` or `targets`.
template <class Scalar>
struct Samples {
  ConstMatrixRef<Scalar> inputs;                    ///< (n, n_inputs)
  const std::int32_t* labels = nullptr;             ///< (n) classes 0 … n_outputs - 1
  const ConstMatrixRef<Scalar>* targets = nullptr;  ///< (n, n_outputs)
  const Scalar* weights = nullptr;                  ///< (n) weights of the samples; null for ones

  [[nodiscard]] Scalar weight(Index row) const { return weights != nullptr ? weights[row] : Scalar(1); }
  [[nodiscard]] double total_weight(const Rows& rows) const {
    if (weights == nullptr) return static_cast<double>(rows.count);
    double sum = 0.0;
    for (Index i = 0; i < rows.count; ++i) sum += static_cast<double>(weights[rows[i]]);
    return sum;
  }
};

}  // namespace ppdl
