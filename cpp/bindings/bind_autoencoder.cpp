#include "initialisation.hpp"

#include <ppdl/autoencoder/autoencoder.hpp>

#include <memory>
#include <string>
#include <utility>

namespace ppdl::bindings {

template <class Scalar>
void bind_autoencoder(py::module_& m) {
  using Auto = Autoencoder<Scalar>;
  py::class_<Auto, Model<Scalar>, std::shared_ptr<Auto>>(m, "Autoencoder",
                                                         "Tied weights; each column reconstructs the whole input.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const std::string& activation,
                       const std::string& decoder, bool decoder_bias, Index n_samples, double memory_limit) {
             return std::make_shared<Auto>(
                 std::move(weights),
                 AutoencoderOptions{.activation = activation_from_string(activation),
                                    .decoder = activation_from_string(decoder),
                                    .decoder_bias = decoder_bias,
                                    .data = {.n_samples = n_samples, .memory_limit = memory_limit}});
           }),
           "weights"_a.none(false), py::kw_only(), "activation"_a = "logistic", "decoder"_a = "logistic",
           "decoder_bias"_a = false, "n_samples"_a = 0, "memory_limit"_a = 0.0,
           "With n_samples > 0 a data set of that size may be pooled once, within memory_limit bytes.")
      .def(
          "initial",
          [](const Auto& self, std::uint64_t seed, const py::object& scale) {
            return self.initial(seed, initialisation(scale));
          },
          "seed"_a, py::kw_only(), "scale"_a = "glorot", kInitialDoc);
}

template void bind_autoencoder<float>(py::module_&);
template void bind_autoencoder<double>(py::module_&);

}  // namespace ppdl::bindings
