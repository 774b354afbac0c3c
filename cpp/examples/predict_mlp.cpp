// Predicts with a network that Python trained and saved, `ppdl.save(clf.merge(), "model.safetensors")`:
//
//     predict_mlp model.safetensors < samples.txt
//
// A sample is so many numbers as the network has inputs; its outputs are printed in a line.
#include <ppdl/network/saved_network.hpp>

#include <exception>
#include <iostream>
#include <iterator>
#include <limits>
#include <vector>

using namespace ppdl;

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: predict_mlp model.safetensors < samples.txt\n";
    return 2;
  }
  const SavedNetwork<float> saved = load_network<float>(argv[1]);
  const Index n_inputs = saved.network->n_inputs();
  const std::vector<float> numbers{std::istream_iterator<float>(std::cin), std::istream_iterator<float>()};
  const auto n_samples = static_cast<Index>(numbers.size()) / n_inputs;
  const Matrix<float> X = ConstMatrixMap<float>(numbers.data(), n_samples, n_inputs);
  std::cout.precision(std::numeric_limits<float>::max_digits10);
  std::cout << saved.predictor().predict(X, 0) << '\n';
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
