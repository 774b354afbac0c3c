#include <ppdl/base/product.hpp>

#include "helpers.hpp"

#include <initializer_list>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace ppdl {

using tests::random_matrix;

TEST_CASE_TEMPLATE("products are those of Eigen, whatever the shapes", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-13 : 1e-5;
  for (const Index m : {1, 2, 5, 13, 200}) {
    for (const Index k : {1, 7, 300}) {
      for (const Index n : {1, 3, 8, 17, 50}) {
        CAPTURE(m);
        CAPTURE(k);
        CAPTURE(n);
        const Matrix<Scalar> A = random_matrix<Scalar>(m, k, 1), B = random_matrix<Scalar>(k, n, 2);
        const Matrix<Scalar> At = A.transpose(), Bt = B.transpose(), expected = A * B;
        const double scale = static_cast<double>(k);
        CHECK(tests::distance(product<Scalar>(A, B), expected) < tolerance * scale);
        CHECK(tests::distance(transposed_product<Scalar>(At, B), expected) < tolerance * scale);
        Panels<Scalar> panels(k, n);
        panels.pack_transposed(0, Bt);
        Matrix<Scalar> C = expected;
        multiply<Scalar>(A, panels, C, Into::add);
        CHECK(tests::distance(C, Scalar(2) * expected) < 2.0 * tolerance * scale);
      }
    }
  }
}

TEST_CASE_TEMPLATE("a row of a product has the same bits, whichever rows it is multiplied with", Scalar, float,
                   double) {
  const Matrix<Scalar> A = random_matrix<Scalar>(41, 333, 1), B = random_matrix<Scalar>(333, 37, 2);
  const Matrix<Scalar> all = product<Scalar>(A, B);
  for (const Index count : {1, 2, 3, 6, 12, 17}) {
    CHECK(product<Scalar>(A.middleRows(5, count), B) == all.middleRows(5, count));
  }
}

TEST_CASE_TEMPLATE("panels packed in parts, or copied, are those packed at once", Scalar, float, double) {
  const Matrix<Scalar> A = random_matrix<Scalar>(9, 100, 1), B = random_matrix<Scalar>(100, 2 * 64 + 5, 2);
  const Matrix<Scalar> Bt = B.transpose(), expected = product<Scalar>(A, B);
  Panels<Scalar> by_rows(100, B.cols()), by_columns(100, B.cols());
  by_rows.pack(0, B.topRows(30));
  by_rows.pack(30, B.bottomRows(70));
  by_columns.pack_transposed(64, Bt.bottomRows(B.cols() - 64));
  by_columns.pack_transposed(0, Bt.topRows(64));
  const Panels<Scalar> copy = by_rows;
  Matrix<Scalar> C(9, B.cols());
  for (const Panels<Scalar>* panels : std::initializer_list<const Panels<Scalar>*>{&by_rows, &by_columns, &copy}) {
    multiply<Scalar>(A, *panels, C);
    CHECK(C == expected);
  }
}

TEST_CASE_TEMPLATE("a gathered factor is the one written out", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-13 : 1e-5;
  const Matrix<Scalar> data = random_matrix<Scalar>(1, 5000, 1);
  for (const Index length : {1, 3, 24, 300}) {
    for (const Index m : {1, 7, 50, 300}) {
      CAPTURE(length);
      CAPTURE(m);
      const std::vector<Index> segments{0, 2 * length + 1, 900, 1200};
      std::vector<Index> begins;
      for (Index i = 0; i < m; ++i) begins.push_back(i * 7 % 3000);
      const Gathered<Scalar> gathered{data.data(), begins, segments, length};
      Matrix<Scalar> A(m, gathered.cols());
      for (Index i = 0; i < m; ++i) {
        for (Index k = 0; k < A.cols(); ++k) {
          A(i, k) = data(
              0, begins[static_cast<std::size_t>(i)] + segments[static_cast<std::size_t>(k / length)] + k % length);
        }
      }
      const Matrix<Scalar> B = random_matrix<Scalar>(A.cols(), 37, 2), D = random_matrix<Scalar>(m, 21, 3);
      Matrix<Scalar> C(m, B.cols());
      multiply<Scalar>(gathered, Panels<Scalar>(B), C);
      CHECK(tests::distance(C, A * B) < tolerance * static_cast<double>(A.cols()));
      multiply<Scalar>(gathered, Panels<Scalar>(B), C, Into::add);
      CHECK(tests::distance(C, Scalar(2) * A * B) < 2.0 * tolerance * static_cast<double>(A.cols()));
      const Index first = A.cols() / 3;
      Matrix<Scalar> E(A.cols() - first, D.cols());
      multiply_transposed<Scalar>(gathered, first, Panels<Scalar>(D), E);
      CHECK(tests::distance(E, (A.transpose() * D).bottomRows(E.rows())) < tolerance * static_cast<double>(m));
    }
  }
}

TEST_CASE_TEMPLATE("factors that don't fit are named", Scalar, float, double) {
  const Matrix<Scalar> A = random_matrix<Scalar>(2, 3, 1), B = random_matrix<Scalar>(4, 5, 2);
  CHECK_THROWS_WITH_AS((void)product<Scalar>(A, B), doctest::Contains("received 4; expected 3"), std::invalid_argument);
}

}  // namespace ppdl
