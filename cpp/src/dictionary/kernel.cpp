#include <ppdl/dictionary/kernel.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/error.hpp>
#include <ppdl/base/parallel.hpp>

#include <Eigen/Cholesky>

#include <cmath>
#include <limits>
#include <sstream>

namespace ppdl {
namespace {

constexpr Index longest_panel = 512;  // rows of X that are centred at a time
constexpr Index longest_tile = 128;   // sides of the tiles of the covariance

/// f(X[first : first + rows]) in double precision, where f is the power.
template <class Scalar>
Matrix<double> powered(const ConstMatrixRef<Scalar>& X, Index first, Index rows, int power) {
  Matrix<double> values = X.middleRows(first, rows).template cast<double>();
  if (power == 2) values = values.array().square();
  return values;
}

/// Means of the columns of f(X): sums of blocks of rows, added in their order.
template <class Scalar>
RowVector<double> means(const ConstMatrixRef<Scalar>& X, int power, int n_threads) {
  const Blocks blocks(X.rows(), longest_panel);
  Matrix<double> sums(blocks.count(), X.cols());
  parallel_for(blocks.count(), n_threads, [&](Index b) {
    sums.row(b) = powered<Scalar>(X, blocks.begin(b), blocks.length(b), power).colwise().sum();
  });
  return sums.colwise().sum() / static_cast<double>(X.rows());
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
Matrix<double> covariance(const ConstMatrixRef<Scalar>& X, int power, bool center, int n_threads) {
  check(power == 1 || power == 2, "power: received ", power, "; expected 1 or 2");
  check(X.rows() >= 2, "activations: received ", X.rows(), " samples; a covariance takes at least 2");
  const Index n_samples = X.rows();
  const Index n_visible = X.cols();
  RowVector<double> mean = RowVector<double>::Zero(n_visible);
  if (center) mean = means<Scalar>(X, power, n_threads);

  const Blocks panels(n_samples, longest_panel);
  const Blocks sides(n_visible, longest_tile);
  Matrix<double> C = Matrix<double>::Zero(n_visible, n_visible);
  Matrix<double> centred(longest_panel, n_visible);
  for (Index p = 0; p < panels.count(); ++p) {
    const Index rows = panels.length(p);
    parallel_for(sides.count(), n_threads, [&](Index s) {
      auto part = centred.block(0, sides.begin(s), rows, sides.length(s));
      part = X.block(panels.begin(p), sides.begin(s), rows, sides.length(s)).template cast<double>();
      if (power == 2) part = part.array().square().matrix();
      part.rowwise() -= mean.segment(sides.begin(s), sides.length(s));
    });
    // Each tile of the lower triangle adds up its panels in their order, whichever thread it is on.
    parallel_for(sides.count() * sides.count(), n_threads, [&](Index tile) {
      const Index i = tile / sides.count();
      const Index j = tile % sides.count();
      if (j > i) return;
      C.block(sides.begin(i), sides.begin(j), sides.length(i), sides.length(j)).noalias() +=
          centred.block(0, sides.begin(i), rows, sides.length(i)).transpose() *
          centred.block(0, sides.begin(j), rows, sides.length(j));
    });
  }
  C /= static_cast<double>(center ? n_samples - 1 : n_samples);
  C.triangularView<Eigen::StrictlyUpper>() = C.transpose();
  return C;
}

template Matrix<double> covariance<float>(const ConstMatrixRef<float>&, int, bool, int);
template Matrix<double> covariance<double>(const ConstMatrixRef<double>&, int, bool, int);

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
