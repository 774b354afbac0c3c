#include "blocked.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/optimize/optimizer.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace ppdl {
namespace {

/// The array at `position`, which must be called `name` and have size `n`.
template <class Scalar>
const Vector<Scalar>& array_of_state(const OptimizerState<Scalar>& state, std::size_t position, const char* name,
                                     Index n) {
  const auto& [received_name, array] = state.arrays[position];
  check(received_name == name, "optimizer state: received array \"", received_name, "\", expected \"", name, "\"");
  check_size("elements of optimizer state \"" + received_name + "\"", array.size(), n, "the number of parameters");
  return array;
}

template <class Scalar>
void check_state(const OptimizerState<Scalar>& state, Index n_arrays) {
  check(state.n_steps >= 0, "optimizer state: n_steps must be >= 0 (received ", state.n_steps, ")");
  check_size("arrays of optimizer state", static_cast<Index>(state.arrays.size()), n_arrays,
             "what the optimizer keeps");
}

void check_sizes(Index theta, Index gradient, Index n) {
  check_size("size of theta", theta, n, "the size given to reset");
  check_size("size of gradient", gradient, n, "the size given to reset");
}

}  // namespace

template <class Scalar>
void Optimizer<Scalar>::step(VectorRef<Scalar> theta, const ConstVectorRef<Scalar>& gradient, double rate,
                             int n_threads) {
  check_sizes(theta.size(), gradient.size(), size());
  begin(rate);
  for_each_block(Blocks(size(), kOptimizerPart), n_threads,
                 [&](Index, Index begin, Index length) { update(begin, length, theta.data(), gradient.data()); });
}

void SgdOptions::validate() const {
  check(momentum >= 0.0 && momentum <= 1.0, "momentum must be in [0, 1] (received ", momentum, ")");
}

template <class Scalar>
Sgd<Scalar>::Sgd(const SgdOptions& options) : options_(options) {
  options_.validate();
}

template <class Scalar>
void Sgd<Scalar>::reset(Index n) {
  size_ = n;
  n_steps_ = 0;
  velocity_.setZero(options_.momentum > 0.0 ? n : 0);
}

template <class Scalar>
void Sgd<Scalar>::begin(double rate) {
  ++n_steps_;
  rate_ = static_cast<Scalar>(rate);
}

template <class Scalar>
void Sgd<Scalar>::update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
  const Scalar eta = rate_, mu = static_cast<Scalar>(options_.momentum);
  const Scalar* g = gradient + first;
  Scalar* x = theta + first;
  if (velocity_.size() == 0) {
    for (Index i = 0; i < count; ++i) x[i] -= eta * g[i];
    return;
  }
  Scalar* v = velocity_.data() + first;
  if (options_.nesterov) {
    for (Index i = 0; i < count; ++i) {
      v[i] = mu * v[i] - eta * g[i];
      x[i] += mu * v[i] - eta * g[i];
    }
  } else {
    for (Index i = 0; i < count; ++i) {
      v[i] = mu * v[i] - eta * g[i];
      x[i] += v[i];
    }
  }
}

template <class Scalar>
OptimizerState<Scalar> Sgd<Scalar>::state() const {
  OptimizerState<Scalar> state{.n_steps = n_steps_, .arrays = {}};
  if (options_.momentum > 0.0) state.arrays.emplace_back("velocity", velocity_);
  return state;
}

template <class Scalar>
void Sgd<Scalar>::load_state(const OptimizerState<Scalar>& state) {
  check_state(state, options_.momentum > 0.0 ? 1 : 0);
  if (options_.momentum > 0.0) velocity_ = array_of_state(state, 0, "velocity", size_);
  n_steps_ = state.n_steps;
}

template <class Scalar>
std::size_t Sgd<Scalar>::state_bytes() const {
  return static_cast<std::size_t>(velocity_.size()) * sizeof(Scalar);
}

void AdamOptions::validate() const {
  check(beta_1 >= 0.0 && beta_1 < 1.0, "beta_1 must be in [0, 1) (received ", beta_1, ")");
  check(beta_2 >= 0.0 && beta_2 < 1.0, "beta_2 must be in [0, 1) (received ", beta_2, ")");
  check(epsilon > 0.0 && std::isfinite(epsilon), "epsilon must be positive and finite (received ", epsilon, ")");
}

template <class Scalar>
Adam<Scalar>::Adam(const AdamOptions& options) : options_(options) {
  options_.validate();
}

template <class Scalar>
void Adam<Scalar>::reset(Index n) {
  n_steps_ = 0;
  mean_.setZero(n);
  mean_square_.setZero(n);
}

template <class Scalar>
void Adam<Scalar>::begin(double rate) {
  ++n_steps_;
  const double t = static_cast<double>(n_steps_);
  rate_ =
      static_cast<Scalar>(rate * std::sqrt(1.0 - std::pow(options_.beta_2, t)) / (1.0 - std::pow(options_.beta_1, t)));
}

template <class Scalar>
void Adam<Scalar>::update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
  const Scalar beta_1 = static_cast<Scalar>(options_.beta_1), new_1 = static_cast<Scalar>(1.0 - options_.beta_1);
  const Scalar beta_2 = static_cast<Scalar>(options_.beta_2), new_2 = static_cast<Scalar>(1.0 - options_.beta_2);
  const Scalar epsilon = static_cast<Scalar>(options_.epsilon), eta = rate_;
  const Scalar* g = gradient + first;
  Scalar *x = theta + first, *m = mean_.data() + first, *v = mean_square_.data() + first;
  // A plain loop: Eigen's √ differs in the last bit between vectorised and single elements, and which are single
  // depends on where θ lies in memory.
  for (Index i = 0; i < count; ++i) {
    m[i] = beta_1 * m[i] + new_1 * g[i];
    v[i] = beta_2 * v[i] + new_2 * g[i] * g[i];
    x[i] -= eta * m[i] / (std::sqrt(v[i]) + epsilon);
  }
}

template <class Scalar>
OptimizerState<Scalar> Adam<Scalar>::state() const {
  return {.n_steps = n_steps_, .arrays = {{"mean", mean_}, {"mean_square", mean_square_}}};
}

template <class Scalar>
void Adam<Scalar>::load_state(const OptimizerState<Scalar>& state) {
  check_state(state, 2);
  const Vector<Scalar>& mean = array_of_state(state, 0, "mean", size());
  mean_square_ = array_of_state(state, 1, "mean_square", size());
  mean_ = mean;
  n_steps_ = state.n_steps;
}

template <class Scalar>
std::size_t Adam<Scalar>::state_bytes() const {
  return static_cast<std::size_t>(mean_.size() + mean_square_.size()) * sizeof(Scalar);
}

template <class Scalar>
void limit_column_norms(VectorRef<Scalar> theta, std::span<const ColumnNorm> blocks, double max_norm, int n_threads) {
  check(max_norm > 0.0, "max_norm must be positive (received ", max_norm, ")");
  constexpr Index width = 64;  // columns that one thread works on at a time: whole cache lines of each row
  for (const ColumnNorm& block : blocks) {
    check(block.offset >= 0 && block.rows >= 0 && block.cols >= 0 &&
              block.offset + block.rows * block.cols <= theta.size(),
          "the matrix of ", block.rows, " by ", block.cols, " at ", block.offset, " is not within theta, of size ",
          theta.size());
    MatrixMap<Scalar> weights(theta.data() + block.offset, block.rows, block.cols);
    const Blocks strips(block.cols, width);
    for_each_block(strips, n_threads, [&](Index, Index begin, Index length) {
      std::array<double, width> buffer;
      Eigen::Map<RowVector<double>> factor(buffer.data(), length);
      factor.setZero();
      for (Index row = 0; row < block.rows; ++row) {
        factor += weights.row(row).segment(begin, length).template cast<double>().cwiseAbs2();
      }
      // max_norm / ‖column‖, and exactly 1 for the columns that are short enough
      factor = (factor.array().sqrt() > max_norm).select(max_norm / factor.array().sqrt(), 1.0);
      if ((factor.array() == 1.0).all()) return;
      for (Index row = 0; row < block.rows; ++row) {
        weights.row(row).segment(begin, length).array() *= factor.array().template cast<Scalar>();
      }
    });
  }
}

template class Optimizer<float>;
template class Optimizer<double>;
template class Sgd<float>;
template class Sgd<double>;
template class Adam<float>;
template class Adam<double>;
template void limit_column_norms<float>(VectorRef<float>, std::span<const ColumnNorm>, double, int);
template void limit_column_norms<double>(VectorRef<double>, std::span<const ColumnNorm>, double, int);

}  // namespace ppdl
