/// @file
/// L-BFGS over a whole data set: one wiring for every model.
#pragma once

#include <ppdl/optimize/lbfgs.hpp>
#include <ppdl/train/model.hpp>

namespace ppdl {

/// Minimises a model's objective over all samples from `theta`.
///
/// @param unit  what the objective and its gradient are divided by before L-BFGS, its tolerances and its callback see them
/// @throws std::invalid_argument if the samples are not what the model takes, or an option is out of range
template <class Scalar>
[[nodiscard]] LbfgsResult<Scalar> fit_lbfgs(const Model<Scalar>& model, const ConstVectorRef<Scalar>& theta,
                                            const Samples<Scalar>& samples, const LbfgsOptions& options,
                                            const LbfgsCallback<Scalar>& callback = {}, double unit = 1.0);

}  // namespace ppdl
