#include <ppdl/network/initialisation.hpp>

#include <ppdl/base/check.hpp>

#include <cmath>

namespace ppdl {

double Initialisation::bound_for(Index fan_in, Index fan_out) const {
  const double in = static_cast<double>(fan_in), out = static_cast<double>(fan_out);
  switch (kind) {
    case Kind::glorot:
      return std::sqrt(6.0 / (in + out));
    case Kind::glorot_logistic:
      return std::sqrt(2.0 / (in + out));
    case Kind::he:
      return std::sqrt(6.0 / in);
    case Kind::lecun:
      return std::sqrt(3.0 / in);
    default:
      return bound;
  }
}

template <class Scalar>
void initialise(const std::vector<WeightBlock<Scalar>>& blocks, Index n_outputs, const Random& random,
                const Initialisation& initialisation, Scalar* theta) {
  check(initialisation.bound > 0.0 && std::isfinite(initialisation.bound), "init: received ", initialisation.bound,
        "; expected a finite number above 0");
  const PredictedWeights<Scalar>& w = *blocks.back().weights;
  const Index n_visible = blocks.front().weights->n_visible();
  const double bound = initialisation.bound_for(n_visible, n_outputs);
  const bool fixed = initialisation.kind == Initialisation::Kind::fixed;
  const auto draw = [&](Index begin, Index count, double limit) {
    for (Index k = begin; k < begin + count; ++k) {
      theta[k] = static_cast<Scalar>(limit * (2.0 * random.uniform(static_cast<std::uint64_t>(k)) - 1.0));
    }
  };
  const bool learned = blocks.size() > 1;
  // Var W = n_atoms Var U Var V = bound²/3: this is the product of both limits, which are the same in the first column.
  const auto both = [&](Index j) { return std::sqrt(3.0 / static_cast<double>(w.n_atoms(j))) * bound; };
  const double limit_of_u = fixed ? bound : std::sqrt(both(0));
  if (learned) draw(blocks.front().offset, blocks.front().weights->n_dynamic(), limit_of_u);
  for (Index j = 0; j < w.n_columns(); ++j) {
    double limit = bound;
    if (learned && !fixed) {
      limit = both(j) / limit_of_u;
    } else if (!fixed && !w.is_identity()) {
      // E‖Uv‖² = ‖U‖²_F Var v is to be n_visible bound²/3
      const double norm = w.selects() ? std::sqrt(static_cast<double>(w.n_atoms(j)))
                                      : std::sqrt(static_cast<double>(w.n_channels())) *
                                            static_cast<double>(w.point_dictionary(j).norm());
      if (norm > 0.0) limit = bound * std::sqrt(static_cast<double>(n_visible)) / norm;
    }
    draw(blocks.back().offset + w.offset(j), w.n_atoms(j) * w.n_hidden(j), limit);
  }
}

template void initialise(const std::vector<WeightBlock<float>>&, Index, const Random&, const Initialisation&, float*);
template void initialise(const std::vector<WeightBlock<double>>&, Index, const Random&, const Initialisation&, double*);

}  // namespace ppdl
