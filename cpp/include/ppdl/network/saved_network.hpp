/// @file
/// Networks from files that Python wrote: `ppdl.save(clf.merge(), "model.safetensors")`.
#pragma once

#include <ppdl/network/network.hpp>

#include <memory>
#include <string>

namespace ppdl {

/// A network and the θ that it was saved with.
template <class Scalar>
struct SavedNetwork {
  std::shared_ptr<const Network<Scalar>> network;
  Vector<Scalar> theta;

  /// What predicts: for a classifier the probabilities of its classes in ascending order, of two that of the second.
  [[nodiscard]] Predictor<Scalar> predictor() const { return network->predictor(theta.data()); }
};

/// Read a perceptron without dictionaries; one with dictionaries becomes such by `merge`. The file may be anybody's: its checksum is
/// compared, and nothing in it is trusted.
///
/// @param path  of a file in the precision `Scalar`
/// @throws std::invalid_argument naming the file and what is wrong with it
template <class Scalar>
[[nodiscard]] SavedNetwork<Scalar> load_network(const std::string& path);

}  // namespace ppdl
