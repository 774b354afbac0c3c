#include <ppdl/dictionary/basis.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/error.hpp>
#include <ppdl/base/interrupt.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <sstream>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

constexpr double equal_magnitude = 1e-6;        // relative, of entries that decide a sign
constexpr double smallest_pivot_ratio = 1e-10;  // below it, atoms count as dependent

/// One-dimensional orthonormal cosines, (n, n), frequencies in columns.
Matrix<double> cosines(Index n) {
  Matrix<double> basis(n, n);
  for (Index x = 0; x < n; ++x) {
    for (Index u = 0; u < n; ++u) {
      const double scale = std::sqrt((u == 0 ? 1.0 : 2.0) / static_cast<double>(n));
      basis(x, u) =
          scale * std::cos(std::numbers::pi * static_cast<double>((2 * x + 1) * u) / static_cast<double>(2 * n));
    }
  }
  return basis;
}

/// Replaces the columns from `first` on by an orthonormal completion of those before.
void complete(Matrix<double>& basis, Index first) {
  Vector<double> unspanned = 1.0 - basis.leftCols(first).rowwise().squaredNorm().array();
  for (Index k = first; k < basis.cols(); ++k) {
    const double large = (1.0 - equal_magnitude) * unspanned.maxCoeff();
    Index input = 0;
    while (unspanned(input) < large) ++input;
    const auto before = basis.leftCols(k);
    Vector<double> vector = Vector<double>::Unit(basis.rows(), input);
    for (int pass = 0; pass < 2; ++pass) vector -= before * (before.transpose() * vector).eval();
    basis.col(k) = vector.normalized();
    unspanned -= basis.col(k).cwiseAbs2();
  }
}

}  // namespace

Matrix<double> cosines(Index height, Index width) {
  check(height > 0 && width > 0, "grid: received ", height, " x ", width, "; expected at least 1 x 1");
  const Matrix<double> vertical = cosines(height);
  const Matrix<double> horizontal = cosines(width);
  std::vector<Index> order(static_cast<std::size_t>(height * width));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [=](Index frequency) {  // in whole numbers, so that ties are ties
    const Index u = frequency / width * width;
    const Index v = frequency % width * height;
    return u * u + v * v;
  });

  Matrix<double> basis(height * width, height * width);
  for (Index atom = 0; atom < basis.cols(); ++atom) {
    const Index frequency = order[static_cast<std::size_t>(atom)];
    for (Index y = 0; y < height; ++y) {
      basis.col(atom).segment(y * width, width) = vertical(y, frequency / width) * horizontal.col(frequency % width);
    }
  }
  return basis;
}

SymmetricEigen symmetric_eigen(const ConstMatrixRef<double>& C) {
  check_size("columns of C", C.cols(), C.rows(), "it is square");
  using Solver = Eigen::SelfAdjointEigenSolver<Matrix<double>>;
  const auto solver = std::make_shared<Solver>();
  run_interruptibly([solver, copy = Matrix<double>(C)] { solver->compute(copy); });
  if (solver->info() != Eigen::Success) {
    throw NumericalError("eigenvectors: the iteration failed; check that the data is of moderate size");
  }
  Matrix<double> vectors = solver->eigenvectors().rowwise().reverse();
  for (Index k = 0; k < vectors.cols(); ++k) {
    const double large = (1.0 - equal_magnitude) * vectors.col(k).cwiseAbs().maxCoeff();
    Index first = 0;
    while (std::abs(vectors(first, k)) < large) ++first;
    if (vectors(first, k) < 0.0) vectors.col(k) = -vectors.col(k);
  }
  return {solver->eigenvalues().reverse(), std::move(vectors)};
}

Matrix<double> principal_components(const ConstMatrixRef<double>& C, double resolution) {
  SymmetricEigen eigen = symmetric_eigen(C);
  complete(eigen.vectors, (eigen.values.array() > resolution * eigen.values.maxCoeff()).count());
  return std::move(eigen.vectors);
}

Matrix<double> orthonormal_mix(const ConstMatrixRef<double>& U) {
  const Index n_atoms = U.cols();
  check(n_atoms > 0, "orthonormalisation takes at least 1 atom");
  if (n_atoms <= U.rows()) {
    const Eigen::HouseholderQR<Matrix<double>> qr(U);
    Matrix<double> R = qr.matrixQR().topRows(n_atoms).triangularView<Eigen::Upper>();
    const auto pivots = R.diagonal().cwiseAbs();
    if (pivots.minCoeff() > smallest_pivot_ratio * pivots.maxCoeff()) {
      for (Index i = 0; i < n_atoms; ++i) {
        if (R(i, i) < 0.0) R.row(i) = -R.row(i);
      }
      return R.triangularView<Eigen::Upper>().solve(Matrix<double>::Identity(n_atoms, n_atoms));
    }
  }
  std::ostringstream message;
  message << "the " << n_atoms << " atoms of a column are linearly dependent, so they have no orthonormal basis of "
          << n_atoms << " vectors; learn a smaller fraction, or choose a dictionary whose atoms are further apart";
  throw NumericalError(message.str());
}

}  // namespace ppdl
