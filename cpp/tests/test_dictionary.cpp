#include <ppdl/base/error.hpp>
#include <ppdl/dictionary/basis.hpp>
#include <ppdl/dictionary/choice.hpp>
#include <ppdl/dictionary/columns.hpp>
#include <ppdl/dictionary/kernel.hpp>

#include "helpers.hpp"

#include <stdexcept>

namespace ppdl {
namespace {

double distance_from_identity(const Matrix<double>& matrix) {
  return tests::distance(matrix, Matrix<double>::Identity(matrix.rows(), matrix.cols()));
}

}  // namespace

TEST_CASE("without ridge, the chosen weights are interpolated in each column") {
  const DictionaryColumns dictionary = squared_exponential_columns(
      {.height = 6, .width = 5, .n_channels = 2, .ridge = 1e-12, .fraction = 0.4, .n_columns = 3, .seed = 7});
  REQUIRE(dictionary.columns.size() == 3);
  for (const ColumnAtoms& column : dictionary.columns) {
    CHECK(column.atoms.size() == 24);
    const Matrix<double> U_at_atoms = dictionary.base(column.atoms, column.atoms) * column.mix;
    CHECK(distance_from_identity(U_at_atoms) < 1e-8);
  }
  CHECK(dictionary.columns[0].atoms != dictionary.columns[1].atoms);
}

TEST_CASE("tied atoms come in whole pixels") {
  const auto atoms = choose_atoms(60, 12, 3, 0, dictionary_stream(0, 0));
  REQUIRE(atoms.size() == 12);
  for (std::size_t i = 0; i < atoms.size(); i += 3) {
    CHECK(atoms[i] % 3 == 0);
    CHECK(atoms[i + 1] == atoms[i] + 1);
    CHECK(atoms[i + 2] == atoms[i] + 2);
  }
  CHECK_THROWS_WITH_AS((void)choose_atoms(60, 13, 3, 0, 0), doctest::Contains("groups of 3"), std::invalid_argument);
  const auto one = squared_exponential_columns({.height = 7, .width = 7, .n_channels = 2, .fraction = 1.0 / 49.0});
  CHECK(one.columns[0].atoms.size() == 2);
}

TEST_CASE("orthonormal bases are orthonormal and in order") {
  const Matrix<double> atoms = gaussian(40, 12, 1, 2);
  const Matrix<double> Q = atoms * orthonormal_mix(atoms);
  CHECK(distance_from_identity(Q.transpose() * Q) < 1e-12);
  const Matrix<double> B = cosines(7, 5);
  CHECK(distance_from_identity(B.transpose() * B) < 1e-13);
  const Matrix<double> C = covariance<double>(atoms, {});
  const Matrix<double> vectors = symmetric_eigen(C).vectors;
  CHECK(distance_from_identity(vectors.transpose() * vectors) < 1e-12);
  const Vector<double> values = (vectors.transpose() * C * vectors).diagonal();
  for (Index k = 1; k < values.size(); ++k) CHECK(values[k] <= values[k - 1]);
}

TEST_CASE_TEMPLATE("a covariance has the same bits for any number of threads", Scalar, float, double) {
  const Matrix<Scalar> X = gaussian(1500, 200, 3, 4).cast<Scalar>();
  const Matrix<double> one = covariance<Scalar>(X, {.power = 2, .n_threads = 1});
  for (const int n_threads : {2, 3, 7}) CHECK(covariance<Scalar>(X, {.power = 2, .n_threads = n_threads}) == one);
}

TEST_CASE("what cannot be computed is named") {
  using doctest::Contains;
  const Matrix<double> ones = Matrix<double>::Ones(4, 4);
  const SquaredExponentialOptions no_atom{.height = 3, .width = 3, .fraction = 0.1};
  CHECK_THROWS_WITH_AS((void)ridge_mix(ones, 0.0), Contains("increase ridge (got 0)"), NumericalError);
  CHECK_THROWS_WITH_AS((void)orthonormal_mix(ones), Contains("the 4 atoms of a column are linearly dependent"),
                       NumericalError);
  CHECK_THROWS_WITH_AS((void)covariance<double>(ones, {.power = 3}), Contains("power: received 3"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((void)covariance<double>(ones.topRows(1), {}), Contains("received 1 samples"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((void)squared_exponential(ones, 1, 0.0), Contains("length_scale: received 0"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((void)squared_exponential_columns(no_atom),
                       Contains("fraction: 0.1 of 9 inputs leaves no atom; raise it to at least 0.111112"),
                       std::invalid_argument);
}

}  // namespace ppdl
