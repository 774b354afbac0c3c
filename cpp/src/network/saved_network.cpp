#include <ppdl/network/saved_network.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/layer/maxout.hpp>

#include "safetensors.hpp"

#include <charconv>
#include <cstring>
#include <sstream>
#include <type_traits>
#include <utility>
#include <vector>

namespace ppdl {

namespace {

/// The numbers of a tensor of so many axes, which are counted in its shape too.
template <class Scalar>
std::pair<std::vector<Index>, Vector<Scalar>> numbers(const safetensors::File& file, const std::string& name,
                                                      std::size_t n_axes) {
  const auto found = file.tensors.find(name);
  check(found != file.tensors.end(), name, ": missing");
  const auto& [dtype, shape, bytes] = found->second;
  constexpr const char* kExpected = std::is_same_v<Scalar, float> ? "F32" : "F64";
  check(dtype == kExpected, name, ": received ", dtype, "; expected ", kExpected,
        ", or load_network of the other precision");
  check(shape.size() == n_axes, name, ": received ", shape.size(), " axes; expected ", n_axes);
  const auto most = static_cast<Index>(bytes.size() / sizeof(Scalar));
  Index size = 1;
  for (const Index n : shape) {
    check(n > 0 && size <= most / n, name, ": its shape does not fit its ", bytes.size(), " bytes");
    size *= n;
  }
  check(bytes.size() == static_cast<std::size_t>(size) * sizeof(Scalar), name, ": its shape does not fit its ",
        bytes.size(), " bytes");
  Vector<Scalar> values(size);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  check(values.allFinite(), name, ": it holds NaN or infinity");
  return {shape, std::move(values)};
}

Index pieces_of(const std::string& word) {
  Index n_pieces = 0;
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data() + std::strlen("maxout:"), end, n_pieces);
  check(error == std::errc() && rest == end && n_pieces > 0, "network: received '", word, "'; expected maxout:n");
  return n_pieces;
}

/// What the words of a file say, as "dense relu dense softmax": layers, and the loss of the last one's outputs.
template <class Scalar>
SavedNetwork<Scalar> network_of(const safetensors::File& file) {
  const auto description = file.metadata.find("network");
  check(description != file.metadata.end(),
        "network: missing; expected a perceptron without dictionaries, as merge() returns it");
  LayerSpecs<Scalar> layers;
  std::vector<Vector<Scalar>> parts;
  Index n_inputs = 0, n_parameters = 0;
  std::istringstream words(description->second);
  std::string word, loss;
  while (words >> word) {
    check(loss.empty(), "network: received '", loss, "'; expected the loss to come last");
    if (word == "dense") {
      const std::string layer = "layer." + std::to_string(parts.size() / 2) + ".";
      auto [shape, V] = numbers<Scalar>(file, layer + "V.0", 2);
      auto [units, bias] = numbers<Scalar>(file, layer + "bias", 1);
      check(units[0] == shape[1], layer, "bias: received ", units[0], " numbers; expected ", shape[1]);
      if (parts.empty()) n_inputs = shape[0];
      layers.push_back(std::make_shared<DenseSpec<Scalar>>(PredictedWeights<Scalar>::identity(shape[0], shape[1])));
      n_parameters += V.size() + bias.size();
      parts.push_back(std::move(V));
      parts.push_back(std::move(bias));
    } else if (word == "identity" || word == "logistic" || word == "tanh" || word == "relu") {
      layers.push_back(std::make_shared<ActivationSpec<Scalar>>(activation_from_string(word)));
    } else if (word.starts_with("maxout:")) {
      layers.push_back(std::make_shared<MaxoutSpec<Scalar>>(pieces_of(word)));
    } else {
      loss = word;
    }
  }
  check(!parts.empty(), "network: received '", description->second, "'; expected layers");
  const NetworkOptions options{.loss = loss_from_string(loss)};
  auto network = std::make_shared<const Network<Scalar>>(layers, Shape{.channels = n_inputs}, options);
  Vector<Scalar> theta(n_parameters);
  Index first = 0;
  for (const Vector<Scalar>& part : parts) {
    theta.segment(first, part.size()) = part;
    first += part.size();
  }
  return {std::move(network), std::move(theta)};
}

}  // namespace

template <class Scalar>
SavedNetwork<Scalar> load_network(const std::string& path) {
  try {
    return network_of<Scalar>(safetensors::read(path));
  } catch (const std::invalid_argument& error) {
    throw_invalid(path, ": ", error.what());
  }
}

template SavedNetwork<float> load_network(const std::string& path);
template SavedNetwork<double> load_network(const std::string& path);

}  // namespace ppdl
