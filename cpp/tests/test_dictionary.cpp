#include <ppdl/base/error.hpp>
#include <ppdl/dictionary/basis.hpp>
#include <ppdl/dictionary/choice.hpp>
#include <ppdl/dictionary/columns.hpp>
#include <ppdl/dictionary/kernel.hpp>

#include "expect.hpp"

#include <cmath>
#include <stdexcept>

using namespace ppdl;
using ppdl::tests::expect;
using ppdl::tests::expect_throws;

namespace {

double distance_from_identity(const Matrix<double>& matrix) {
  return (matrix - Matrix<double>::Identity(matrix.rows(), matrix.cols())).cwiseAbs().maxCoeff();
}

void interpolation() {
  const DictionaryColumns dictionary = squared_exponential_columns(
      {.height = 6, .width = 5, .n_channels = 2, .ridge = 1e-12, .fraction = 0.4, .n_columns = 3, .seed = 7});
  expect(dictionary.columns.size() == 3, "columns: ", dictionary.columns.size());
  for (const ColumnAtoms& column : dictionary.columns) {
    expect(column.atoms.size() == 24, "atoms: ", column.atoms.size());
    const Matrix<double> U_at_atoms = dictionary.base(column.atoms, column.atoms) * column.mix;
    const double error = distance_from_identity(U_at_atoms);
    expect(error < 1e-8, "U at the atoms differs from the identity by ", error);
  }
  expect(dictionary.columns[0].atoms != dictionary.columns[1].atoms, "two columns chose the same atoms");
}

void tied_channels() {
  const auto atoms = choose_atoms(60, 12, 3, 0, dictionary_stream(0, 0));
  for (std::size_t i = 0; i < atoms.size(); i += 3) {
    expect(atoms[i] % 3 == 0 && atoms[i + 1] == atoms[i] + 1 && atoms[i + 2] == atoms[i] + 2, "pixel ", atoms[i] / 3);
  }
  expect_throws<std::invalid_argument>([] { (void)choose_atoms(60, 13, 3, 0, 0); }, "groups of 3");
  const auto one = squared_exponential_columns({.height = 7, .width = 7, .n_channels = 2, .fraction = 1.0 / 49.0});
  expect(one.columns[0].atoms.size() == 2, "1/49 of 49 pixels: ", one.columns[0].atoms.size(), " atoms");
}

void orthonormality() {
  const Matrix<double> atoms = gaussian(40, 12, 1, 2);
  const Matrix<double> Q = atoms * orthonormal_mix(atoms);
  expect(distance_from_identity(Q.transpose() * Q) < 1e-12, "atoms after orthonormalisation");
  const Matrix<double> B = cosines(7, 5);
  expect(distance_from_identity(B.transpose() * B) < 1e-13, "cosines");
  const Matrix<double> C = covariance<double>(atoms, {});
  const Matrix<double> vectors = symmetric_eigen(C).vectors;
  expect(distance_from_identity(vectors.transpose() * vectors) < 1e-12, "eigenvectors");
  const Vector<double> values = (vectors.transpose() * C * vectors).diagonal();
  for (Index k = 1; k < values.size(); ++k) expect(values[k] <= values[k - 1], "eigenvalue ", k, " is not in order");
}

void threads() {
  const Matrix<float> X = gaussian(1500, 200, 3, 4).cast<float>();
  const Matrix<double> one = covariance<float>(X, {.power = 2, .n_threads = 1});
  for (const int n_threads : {2, 3, 7}) {
    expect(covariance<float>(X, {.power = 2, .n_threads = n_threads}) == one, n_threads, " threads");
  }
}

void failures() {
  const Matrix<double> ones = Matrix<double>::Ones(4, 4);
  expect_throws<NumericalError>([&] { (void)ridge_mix(ones, 0.0); }, "increase ridge (got 0)");
  expect_throws<NumericalError>([&] { (void)orthonormal_mix(ones); }, "the 4 atoms of a column are linearly dependent");
  expect_throws<std::invalid_argument>([&] { (void)covariance<double>(ones, {.power = 3}); }, "power: received 3");
  expect_throws<std::invalid_argument>([&] { (void)covariance<double>(ones.topRows(1), {}); }, "received 1 samples");
  expect_throws<std::invalid_argument>([&] { (void)squared_exponential(ones, 1, 0.0); }, "length_scale: received 0");
  expect_throws<std::invalid_argument>(
      [] { (void)squared_exponential_columns({.height = 3, .width = 3, .fraction = 0.1}); },
      "fraction: 0.1 of 9 inputs leaves no atom; raise it to at least 0.111112");
}

}  // namespace

int main() {
  return tests::run({{"without ridge, the chosen weights are interpolated in each column", interpolation},
                     {"tied atoms come in whole pixels", tied_channels},
                     {"orthonormal bases are orthonormal and in order", orthonormality},
                     {"a covariance has the same bits for any number of threads", threads},
                     {"what cannot be computed is named", failures}});
}
