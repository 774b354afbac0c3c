#include <ppdl/dictionary/kernel.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/error.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/base/product.hpp>

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

namespace ppdl {
namespace {

constexpr Index longest_panel = 512;  // rows of X that are centred at a time
constexpr Index longest_tile = 128;   // sides of the tiles of the covariance

/// What is divided by for an unbiased covariance, and for means.
struct Totals {
  double weight = 0.0;    ///< Σw
  double unbiased = 0.0;  ///< Σw − min(1, Σw²/Σw)
};

Totals totals(Index n_samples, std::span<const double> weights, int least) {
  double sum = static_cast<double>(n_samples);
  double squares = sum;
  Index n_counted = n_samples;
  if (!weights.empty()) {
    check_size("sample weights", static_cast<Index>(weights.size()), n_samples, "rows of the activations");
    // One after the other: the order of Eigen's sums depends on where in memory the weights lie.
    sum = squares = 0.0;
    n_counted = 0;
    for (const double w : weights) {
      check(w >= 0.0 && std::isfinite(w), "sample_weight: received ", w, "; expected finite numbers, at least 0");
      sum += w;
      squares += w * w;
      n_counted += w > 0.0;
    }
    check(std::isfinite(sum), "sample_weight: the sum is not finite; scale the weights down");
  }
  check(n_counted >= least || sum >= static_cast<double>(least), "activations: received ", n_counted,
        " samples; a covariance takes at least ", least);
  return {sum, sum - std::min(1.0, squares / sum)};
}

/// Multiplies the rows by factors; a row of factor 0 becomes 0, whatever it holds.
void scale_rows(MatrixRef<double> rows, const double* factors) {
  for (Index i = 0; i < rows.rows(); ++i) {
    if (factors[i] > 0.0) {
      rows.row(i) *= factors[i];
    } else {
      rows.row(i).setZero();
    }
  }
}

/// f(x) in double precision, where f is the power.
template <class Rows>
Matrix<double> powered(const Rows& rows, int power) {
  Matrix<double> values = rows.template cast<double>();
  if (power == 2) values = values.array().square();
  return values;
}

/// Weighted mean of f(x): sums of blocks of rows, added in their order.
///
/// The differences from one sample are summed, so that the mean of a constant is that constant to the last bit.
template <class Scalar>
RowVector<double> weighted_mean(const ConstMatrixRef<Scalar>& X, const CovarianceOptions& options,
                                std::span<const double> weights, double total) {
  const auto counts = [](double w) { return w > 0.0; };
  const Index first = weights.empty() ? 0 : std::ranges::find_if(weights, counts) - weights.begin();
  const RowVector<double> origin = powered(X.row(first), options.power);
  const Blocks blocks(X.rows(), longest_panel);
  Matrix<double> sums(blocks.count(), X.cols());
  parallel_for(blocks.count(), options.n_threads, [&](Index b) {
    Matrix<double> values = powered(X.middleRows(blocks.begin(b), blocks.length(b)), options.power);
    values.rowwise() -= origin;
    if (!weights.empty()) scale_rows(values, weights.data() + blocks.begin(b));
    sums.row(b) = values.colwise().sum();
  });
  return origin + sums.colwise().sum() / total;
}

}  // namespace

Matrix<double> squared_exponential(const ConstMatrixRef<double>& points, Index n_channels, double length_scale,
                                   int n_threads) {
  check(length_scale > 0.0, "length_scale: received ", length_scale, "; expected more than 0");
  check(n_channels > 0, "n_channels: received ", n_channels, "; expected at least 1");
  const Index n_points = points.rows();
  Matrix<double> K = Matrix<double>::Zero(n_points * n_channels, n_points * n_channels);
  parallel_for(n_points, n_threads, [&](Index i) {
    for (Index j = 0; j < n_points; ++j) {
      const double distance = (points.row(i) - points.row(j)).norm() / length_scale;
      const double k = std::exp(-0.5 * distance * distance);
      for (Index c = 0; c < n_channels; ++c) K(i * n_channels + c, j * n_channels + c) = k;
    }
  });
  return K;
}

template <class Scalar>
Matrix<double> covariance(const ConstMatrixRef<Scalar>& X, const CovarianceOptions& options,
                          std::span<const double> weights) {
  check(options.power == 1 || options.power == 2, "power: received ", options.power, "; expected 1 or 2");
  const Totals total = totals(X.rows(), weights, options.center ? 2 : 1);
  const Index n_visible = X.cols();
  RowVector<double> mean = RowVector<double>::Zero(n_visible);
  if (options.center) mean = weighted_mean<Scalar>(X, options, weights, total.weight);
  std::vector<double> roots(weights.begin(), weights.end());
  for (double& root : roots) root = std::sqrt(root);

  const Blocks panels(X.rows(), longest_panel);
  const Blocks sides(n_visible, longest_tile);
  Matrix<double> C = Matrix<double>::Zero(n_visible, n_visible);
  Matrix<double> centred(longest_panel, n_visible);
  for (Index p = 0; p < panels.count(); ++p) {
    const Index rows = panels.length(p);
    parallel_for(sides.count(), options.n_threads, [&](Index s) {
      auto part = centred.block(0, sides.begin(s), rows, sides.length(s));
      part = powered(X.block(panels.begin(p), sides.begin(s), rows, sides.length(s)), options.power);
      part.rowwise() -= mean.segment(sides.begin(s), sides.length(s));
      if (!roots.empty()) scale_rows(part, roots.data() + panels.begin(p));
    });
    // Each tile of the lower triangle adds up its panels in their order, whichever thread it is on.
    parallel_for(sides.count() * sides.count(), options.n_threads, [&](Index tile) {
      const Index i = tile / sides.count();
      const Index j = tile % sides.count();
      if (j > i) return;
      multiply_transposed<double>(centred.block(0, sides.begin(i), rows, sides.length(i)),
                                  centred.block(0, sides.begin(j), rows, sides.length(j)),
                                  C.block(sides.begin(i), sides.begin(j), sides.length(i), sides.length(j)), Into::add);
    });
  }
  C /= options.center ? total.unbiased : total.weight;
  C.triangularView<Eigen::StrictlyUpper>() = C.transpose();
  return C;
}

template Matrix<double> covariance<float>(const ConstMatrixRef<float>&, const CovarianceOptions&,
                                          std::span<const double>);
template Matrix<double> covariance<double>(const ConstMatrixRef<double>&, const CovarianceOptions&,
                                           std::span<const double>);

Matrix<double> ridge_mix(const ConstMatrixRef<double>& K_alpha, double ridge) {
  check_size("columns of K_alpha", K_alpha.cols(), K_alpha.rows(), "it is square");
  check(ridge >= 0.0, "ridge: received ", ridge, "; expected at least 0");
  Matrix<double> regular = K_alpha;
  regular.diagonal().array() += ridge;
  const Eigen::LLT<Matrix<double>> cholesky(regular);
  if (cholesky.info() != Eigen::Success || cholesky.rcond() < std::numeric_limits<double>::epsilon()) {
    std::ostringstream message;
    message << "Cholesky of K_alpha + ridge I failed; increase ridge (got " << ridge << ")";
    throw NumericalError(message.str());
  }
  return cholesky.solve(Matrix<double>::Identity(K_alpha.rows(), K_alpha.cols()));
}

}  // namespace ppdl
