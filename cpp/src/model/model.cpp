#include <ppdl/model/model.hpp>

#include <ppdl/base/parallel.hpp>

#include <algorithm>

namespace ppdl {
namespace {

// Samples held at a time: enough for long products, few enough that their activations stay small.
constexpr Index kChunk = 1024;

}  // namespace

template <class Scalar>
double full_value_and_gradient(const Model<Scalar>& model, const Scalar* theta, const Samples<Scalar>& samples,
                               const Pass& pass, int n_threads, Scalar* gradient, const std::function<void()>& poll) {
  const Index n = samples.inputs.rows();
  const Rows all{.first = 0, .count = n};
  const Blocks chunks(n, kChunk);
  Step step{.pass = pass,
            .total_weight = samples.total_weight(all),
            .decay = true,
            .n_threads = threads_for(model.multiply_adds(std::min(n, kChunk)), n_threads)};
  const auto workspace = model.workspace(std::min(n, kChunk));
  Vector<Scalar> part(chunks.count() > 1 ? model.n_parameters() : 0);
  double value = 0.0;
  for (Index c = 0; c < chunks.count(); ++c) {
    if (poll) poll();
    const Rows rows{.first = chunks.begin(c), .count = chunks.length(c)};
    value += model.value_and_gradient(theta, samples, rows, step, *workspace, c == 0 ? gradient : part.data());
    if (c > 0) Eigen::Map<Vector<Scalar>>(gradient, part.size()) += part;
    step.decay = false;
    step.pass.step += 1;
  }
  return value;
}

template double full_value_and_gradient(const Model<float>&, const float*, const Samples<float>&, const Pass&, int,
                                        float*, const std::function<void()>&);
template double full_value_and_gradient(const Model<double>&, const double*, const Samples<double>&, const Pass&, int,
                                        double*, const std::function<void()>&);

}  // namespace ppdl
