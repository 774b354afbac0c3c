#include <ppdl/model/initialisation.hpp>

#include <ppdl/base/check.hpp>

#include <cmath>
#include <cstdint>

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
void initialise(const PredictedWeights<Scalar>& w, const Random& random, const Initialisation& initialisation,
                Scalar* V) {
  check(!(initialisation.bound <= 0.0) && std::isfinite(initialisation.bound), "scale must be positive; received ",
        initialisation.bound);
  const double bound = initialisation.bound_for(w.n_visible(), w.n_hidden());
  const bool fixed = initialisation.kind == Initialisation::Kind::fixed;
  const auto draw = [&](Index begin, Index end, double limit) {
    for (Index k = begin; k < end; ++k) {
      V[k] = static_cast<Scalar>(limit * (2.0 * random.uniform(static_cast<std::uint64_t>(k)) - 1.0));
    }
  };
  for (Index j = 0; j < w.n_columns(); ++j) {
    double limit = bound;
    if (w.learned()) {
      // Var W = n_atoms Var U Var V = bound²/3, shared equally between U and V
      if (!fixed) limit = std::sqrt(std::sqrt(3.0) * bound / std::sqrt(static_cast<double>(w.n_atoms(j))));
      draw(w.offset_u(j), w.offset_v(j), limit);
    } else if (!fixed && !w.is_identity()) {
      // E‖Uv‖² = ‖U‖²_F Var v is to be n_visible bound²/3
      const double norm = static_cast<double>(w.dictionary(j).norm());
      if (norm > 0.0) limit = bound * std::sqrt(static_cast<double>(w.n_visible())) / norm;
    }
    draw(w.offset_v(j), w.offset_v(j) + w.n_atoms(j) * w.n_hidden(j), limit);
  }
}

template void initialise(const PredictedWeights<float>&, const Random&, const Initialisation&, float*);
template void initialise(const PredictedWeights<double>&, const Random&, const Initialisation&, double*);

}  // namespace ppdl
