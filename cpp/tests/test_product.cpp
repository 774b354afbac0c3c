#include <ppdl/base/product.hpp>

#include "helpers.hpp"

#include <initializer_list>
#include <stdexcept>
#include <type_traits>

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

TEST_CASE_TEMPLATE("factors that don't fit are named", Scalar, float, double) {
  const Matrix<Scalar> A = random_matrix<Scalar>(2, 3, 1), B = random_matrix<Scalar>(4, 5, 2);
  CHECK_THROWS_WITH_AS((void)product<Scalar>(A, B), doctest::Contains("received 4, expected 3"), std::invalid_argument);
}

}  // namespace ppdl
