#include <ppdl/dictionary/least_squares.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/product.hpp>
#include <ppdl/dictionary/basis.hpp>

#include <algorithm>
#include <cmath>

namespace ppdl {
namespace {

constexpr double finest_resolution = 1e-6;  // of singular values that are roots of UᵀU's eigenvalues
constexpr int halvings = 80;                // of the interval of λ
constexpr int refinements = 2;              // they restore the digits that UᵀU loses

/// The least λ ≥ 0 for which Σ squares / (eigenvalue + λ)² ≤ longest².
double ridge_for(const Vector<double>& squares, const Vector<double>& eigenvalues, double longest) {
  const auto length = [&](double ridge) {
    return std::sqrt((squares.array() / (eigenvalues.array() + ridge).square()).sum());
  };
  if (length(0.0) <= longest) return 0.0;
  double low = 0.0;
  double high = std::sqrt(squares.sum()) / longest;
  for (int i = 0; i < halvings; ++i) {
    const double middle = 0.5 * (low + high);
    (length(middle) > longest ? low : high) = middle;
  }
  return high;
}

}  // namespace

Matrix<double> least_squares(const ConstMatrixRef<double>& atoms, const ConstMatrixRef<double>& W,
                             const LeastSquaresOptions& options) {
  check_size("rows of W", W.rows(), atoms.rows(), "those of U");
  const double scale = atoms.cwiseAbs().maxCoeff();
  if (scale == 0.0) return Matrix<double>::Zero(atoms.cols(), W.cols());
  const Matrix<double> U = atoms / scale;  // so that squares neither overflow nor vanish
  const auto [eigenvalues, vectors] = symmetric_eigen(transposed_product<double>(U, U));
  const double rounding = static_cast<double>(std::max(U.rows(), U.cols())) * options.epsilon;
  const double resolution = std::max(finest_resolution, rounding);
  const Index rank = (eigenvalues.array() > resolution * resolution * eigenvalues(0)).count();
  const Vector<double> kept = eigenvalues.head(rank);
  const Matrix<double> Q = vectors.leftCols(rank);
  Matrix<double> projected = transposed_product<double>(Q, transposed_product<double>(U, W));

  const double typical = W.norm() * std::sqrt(static_cast<double>(U.cols())) / U.norm();
  const double longest = std::max(options.relative_length * typical, options.length * scale);
  const double ridge = ridge_for(projected.rowwise().squaredNorm(), kept, longest);
  const Vector<double> inverse = (kept.array() + ridge).inverse();
  Matrix<double> V = product<double>(Q, inverse.asDiagonal() * projected);
  for (int i = 0; i < refinements; ++i) {
    const Matrix<double> residual = W - product<double>(U, V);
    projected = transposed_product<double>(Q, transposed_product<double>(U, residual) - ridge * V);
    V += product<double>(Q, inverse.asDiagonal() * projected);
  }
  return V / scale;
}

}  // namespace ppdl
