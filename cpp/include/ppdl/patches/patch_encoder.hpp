/// @file
/// The single-layer pipeline of Coates, Lee & Ng (AISTATS 2011): filters applied to every patch of an image, their
/// responses encoded and summed over the regions of the image.
#pragma once

#include <ppdl/base/parallel.hpp>
#include <ppdl/base/product.hpp>
#include <ppdl/base/types.hpp>

#include <string_view>
#include <vector>

namespace ppdl {

/// Where an image's patches lie, and the regions over which their codes are summed.
///
/// Images are rows of pixels, channels last. Positions (i, j) are those of the patch at pixel (i · stride, j · stride);
/// along each axis the positions are split at round(r · n / regions), halves rounded up.
struct PatchRegions {
  Index height = 0;
  Index width = 0;
  Index n_channels = 1;
  Index patch_height = 1;
  Index patch_width = 1;
  Index stride = 1;
  Index region_rows = 2;  ///< regions down the image; 2 and 2 are quadrants
  Index region_cols = 2;  ///< regions across

  [[nodiscard]] Index n_pixels() const { return height * width * n_channels; }
  [[nodiscard]] Index patch_size() const { return patch_height * patch_width * n_channels; }
  [[nodiscard]] Index rows() const { return (height - patch_height) / stride + 1; }  ///< of positions
  [[nodiscard]] Index cols() const { return (width - patch_width) / stride + 1; }
  [[nodiscard]] Index n_regions() const { return region_rows * region_cols; }
  [[nodiscard]] Index largest_region() const {  ///< positions that no region exceeds
    return ((rows() + region_rows - 1) / region_rows) * ((cols() + region_cols - 1) / region_cols);
  }

  /// @throws std::invalid_argument unless a patch fits into the image and every region holds one
  void validate() const;
};

/// What is done to a patch by itself: its mean subtracted, then x / √(mean of (x - x̄)² + ε) or x / √(Σx² + ε).
struct PatchContrast {
  enum class Scale { none, deviation, norm };
  bool center = true;
  Scale scale = Scale::deviation;
  double epsilon = 0.0;  ///< > 0 where there is a scale
};

/// What is made of a patch's responses z = xᵀF + b.
enum class Encoding {
  linear,           ///< z
  rectifier,        ///< max(0, z)
  absolute,         ///< |z|
  smooth_absolute,  ///< √(z² + ε)
  split,            ///< max(0, z) of all filters, then max(0, -z)
  soft_threshold,   ///< max(0, z - t) of all filters, then max(0, -z - t)
  triangle          ///< max(0, mean of d - d_k), d_k = ‖x - f_k‖: the filters are centroids, without bias
};

/// @throws std::invalid_argument naming the known ones
[[nodiscard]] Encoding encoding_from_string(std::string_view name);
[[nodiscard]] std::string_view to_string(Encoding encoding);

struct PatchCode {
  Encoding encoding = Encoding::smooth_absolute;
  double epsilon = 1e-2;   ///< of smooth_absolute, > 0
  double threshold = 0.0;  ///< of soft_threshold, ≥ 0
};

/// The filters, and what is done to a patch x before them: x - mean, and (x - mean) W where W isn't multiplied into them.
template <class Scalar>
struct FilterBank {
  Matrix<Scalar> filters;    ///< F (n_inputs, n_filters)
  RowVector<Scalar> bias;    ///< b (n_filters), or empty
  Matrix<Scalar> whitening;  ///< W (patch size, n_inputs), or empty: then n_inputs is the patch size
  RowVector<Scalar> mean;    ///< (patch size), or empty: then there is no W
};

/// Immutable. Image → features: for each region, row by row, the sums of its patches' codes.
///
/// Patches exist a block at a time: gathered, normalised, multiplied with a tile of filters, encoded and summed while they
/// lie in the cache.
template <class Scalar>
class PatchEncoder {
 public:
  /// @throws std::invalid_argument naming what does not fit
  PatchEncoder(const PatchRegions& grid, const PatchContrast& contrast, FilterBank<Scalar> bank, const PatchCode& code);

  [[nodiscard]] const PatchRegions& grid() const { return grid_; }
  [[nodiscard]] Index n_filters() const { return bank_.filters.cols(); }
  [[nodiscard]] Index n_features() const { return grid_.n_regions() * codes_per_region(); }
  [[nodiscard]] double multiply_adds() const;  ///< per image

  /// @param images    (n_images, n_pixels)
  /// @param features  (n_images, n_features)  overwritten; must not alias `images`
  /// @throws std::invalid_argument if a shape disagrees
  void encode(const ConstMatrixRef<Scalar>& images, MatrixRef<Scalar> features, int n_threads) const;

 private:
  [[nodiscard]] Index codes_per_region() const;
  void encode_part(const Scalar* image, Index region, Index part, Scalar* codes) const;
  void gather(const Scalar* image, Index row, Index col, Scalar* patch) const;
  void normalise(MatrixRef<Scalar> patches) const;
  void add_codes(const ConstMatrixRef<Scalar>& inputs, RowVector<Scalar>& sums, Matrix<Scalar>& responses) const;
  void add_triangles(const ConstMatrixRef<Scalar>& inputs, RowVector<Scalar>& sums, Matrix<Scalar>& distances) const;
  [[nodiscard]] Scalar distance(const Eigen::Ref<const RowVector<Scalar>>& input, Index centroid) const;

  PatchRegions grid_;
  PatchContrast contrast_;
  FilterBank<Scalar> bank_;
  PatchCode code_;
  std::vector<Panels<Scalar>> filters_;  ///< a tile of the bank's filters each, packed
  Panels<Scalar> whitening_;             ///< the bank's, packed
  RowVector<Scalar> squared_norms_;      ///< of the centroids, for `triangle`
};

}  // namespace ppdl
