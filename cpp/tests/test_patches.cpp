#include <ppdl/patches/patch_encoder.hpp>

#include "helpers.hpp"

#include <stdexcept>
#include <utility>

namespace ppdl {
namespace {

constexpr PatchRegions kGrid{.height = 13,
                             .width = 12,
                             .n_channels = 2,
                             .patch_height = 4,
                             .patch_width = 3,
                             .region_rows = 2,
                             .region_cols = 3};

/// Random filters, without whitening.
template <class Scalar>
PatchEncoder<Scalar> encoder(Encoding encoding) {
  FilterBank<Scalar> bank{.filters = tests::random_matrix<Scalar>(kGrid.patch_size(), 70, 1)};
  return {kGrid, {.scale = PatchContrast::Scale::deviation, .epsilon = 0.01}, std::move(bank), {.encoding = encoding}};
}

constexpr Encoding kEncodings[] = {Encoding::linear,          Encoding::rectifier, Encoding::absolute,
                                   Encoding::smooth_absolute, Encoding::split,     Encoding::soft_threshold,
                                   Encoding::triangle};

}  // namespace

TEST_CASE_TEMPLATE("features are the same bits for any number of threads, and for one image at a time", Scalar, float,
                   double) {
  const Matrix<Scalar> images = tests::random_matrix<Scalar>(20, kGrid.n_pixels(), 2);
  for (const Encoding encoding : kEncodings) {
    CAPTURE(to_string(encoding));
    const auto patches = encoder<Scalar>(encoding);
    Matrix<Scalar> one(images.rows(), patches.n_features()), four = one, single(1, patches.n_features());
    patches.encode(images, one, 1);
    patches.encode(images, four, 4);
    CHECK(one == four);
    patches.encode(images.row(7), single, 1);
    CHECK(single == one.row(7));
  }
}

TEST_CASE_TEMPLATE("images of another size are named", Scalar, float, double) {
  const auto patches = encoder<Scalar>(Encoding::linear);
  const Matrix<Scalar> images = Matrix<Scalar>::Zero(2, kGrid.n_pixels() - 1);
  Matrix<Scalar> features(2, patches.n_features());
  CHECK_THROWS_WITH_AS(patches.encode(images, features, 1), doctest::Contains("received 311; expected 312"),
                       std::invalid_argument);
}

}  // namespace ppdl
