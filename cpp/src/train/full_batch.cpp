#include <ppdl/train/full_batch.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

namespace ppdl {

template <class Scalar>
LbfgsResult<Scalar> fit_lbfgs(const Model<Scalar>& model, const ConstVectorRef<Scalar>& theta,
                              const Samples<Scalar>& samples, const LbfgsOptions& options,
                              const LbfgsCallback<Scalar>& callback, double unit) {
  check_size("size of theta", theta.size(), model.n_parameters(), "parameters of the model");
  check(unit > 0.0, "unit: received ", unit, "; expected more than 0");
  model.check_samples(samples);
  const Rows all{.count = samples.inputs.rows()};
  const auto workspace = model.workspace(samples, all.count, options.n_threads);
  const int n_threads = threads_for(model.multiply_adds(all.count), options.n_threads);
  const Objective<Scalar> objective = [&](const Vector<Scalar>& x, Vector<Scalar>& gradient) {
    const double value =
        value_and_gradient<Scalar>(model, x.data(), samples, all, {}, n_threads, *workspace, gradient.data());
    if (unit != 1.0) gradient /= static_cast<Scalar>(unit);
    return value / unit;
  };
  return minimize_lbfgs<Scalar>(objective, theta, options, callback);
}

template LbfgsResult<float> fit_lbfgs(const Model<float>&, const ConstVectorRef<float>&, const Samples<float>&,
                                      const LbfgsOptions&, const LbfgsCallback<float>&, double);
template LbfgsResult<double> fit_lbfgs(const Model<double>&, const ConstVectorRef<double>&, const Samples<double>&,
                                       const LbfgsOptions&, const LbfgsCallback<double>&, double);

}  // namespace ppdl
