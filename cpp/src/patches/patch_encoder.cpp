#include <ppdl/patches/patch_encoder.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ppdl {
namespace {

// A block of patches with the responses of a tile of filters stays in the second-level cache.
constexpr Index kPatches = 128;
constexpr Index kFilters = 512;
// Patches of a region that are one task: the parts of a large image are shared out, and an interrupt is heard between them.
constexpr Index kPartPatches = 4096;
// Numbers beyond it are scaled before they are squared.
constexpr double kLarge = 1e100;

constexpr Encoding kEncodings[] = {Encoding::linear,          Encoding::rectifier, Encoding::absolute,
                                   Encoding::smooth_absolute, Encoding::split,     Encoding::soft_threshold,
                                   Encoding::triangle};

/// Where region r of `regions` begins among n positions: round(r n / regions), halves up.
Index region_begin(Index r, Index n, Index regions) { return (2 * r * n + regions) / (2 * regions); }

/// The power of two that brings numbers of this magnitude below 1; 1 for those whose squares are finite.
double moderating(double magnitude) { return magnitude > kLarge ? std::ldexp(1.0, -std::ilogb(magnitude) - 1) : 1.0; }

bool doubles(Encoding encoding) { return encoding == Encoding::split || encoding == Encoding::soft_threshold; }

}  // namespace

void PatchRegions::validate() const {
  check(height > 0 && width > 0 && n_channels > 0, "image: received ", height, " x ", width, " x ", n_channels,
        "; expected at least 1 x 1 x 1");
  check(patch_height > 0 && patch_width > 0 && patch_height <= height && patch_width <= width, "patch: received ",
        patch_height, " x ", patch_width, "; expected at least 1 x 1 and at most the image, ", height, " x ", width);
  check(stride > 0, "stride: received ", stride, "; expected at least 1");
  check(region_rows > 0 && region_cols > 0 && region_rows <= rows() && region_cols <= cols(),
        "pooling regions: received ", region_rows, " x ", region_cols,
        "; expected at least 1 x 1 and at most the positions of the patch, ", rows(), " x ", cols());
}

Encoding encoding_from_string(std::string_view name) {
  for (const Encoding encoding : kEncodings) {
    if (name == to_string(encoding)) return encoding;
  }
  throw_invalid("unknown encoding '", name,
                "'; known are linear, rectifier, absolute, smooth-absolute, split, soft-threshold, triangle");
}

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::linear:
      return "linear";
    case Encoding::rectifier:
      return "rectifier";
    case Encoding::absolute:
      return "absolute";
    case Encoding::smooth_absolute:
      return "smooth-absolute";
    case Encoding::split:
      return "split";
    case Encoding::soft_threshold:
      return "soft-threshold";
    default:
      return "triangle";
  }
}

template <class Scalar>
PatchEncoder<Scalar>::PatchEncoder(const PatchRegions& grid, const PatchContrast& contrast, FilterBank<Scalar> bank,
                                   const PatchCode& code)
    : grid_(grid), contrast_(contrast), bank_(std::move(bank)), code_(code) {
  grid_.validate();
  check(contrast_.scale == PatchContrast::Scale::none || contrast_.epsilon > 0.0, "epsilon of the contrast: received ",
        contrast_.epsilon, "; expected more than 0");
  check(code_.encoding != Encoding::smooth_absolute || code_.epsilon > 0.0, "epsilon of the encoding: received ",
        code_.epsilon, "; expected more than 0");
  check(code_.threshold >= 0.0, "threshold: received ", code_.threshold, "; expected at least 0");

  const bool whitens = bank_.whitening.size() > 0;
  check(n_filters() > 0, "filters: received none");
  check_size("rows of the filters", bank_.filters.rows(), whitens ? bank_.whitening.cols() : grid_.patch_size(),
             whitens ? "columns of the whitening" : "pixels and channels of a patch");
  if (whitens) {
    check_size("rows of the whitening", bank_.whitening.rows(), grid_.patch_size(), "pixels and channels of a patch");
  }
  if (whitens || bank_.mean.size() > 0) {
    check_size("size of the mean", bank_.mean.size(), grid_.patch_size(), "pixels and channels of a patch");
  }
  const bool triangle = code_.encoding == Encoding::triangle;
  const Blocks tiles(n_filters(), triangle ? n_filters() : kFilters);
  for (Index tile = 0; tile < tiles.count(); ++tile) {
    filters_.emplace_back(bank_.filters.middleCols(tiles.begin(tile), tiles.length(tile)));
  }
  if (whitens) whitening_ = Panels<Scalar>(bank_.whitening);
  if (triangle) {
    check(bank_.bias.size() == 0, "the triangle encoding takes centroids, without bias");
    squared_norms_ = bank_.filters.colwise().squaredNorm();
  } else if (bank_.bias.size() == 0) {
    bank_.bias.setZero(n_filters());
  } else {
    check_size("size of the bias", bank_.bias.size(), n_filters(), "columns of the filters");
  }
}

template <class Scalar>
Index PatchEncoder<Scalar>::codes_per_region() const {
  return doubles(code_.encoding) ? 2 * n_filters() : n_filters();
}

template <class Scalar>
double PatchEncoder<Scalar>::multiply_adds() const {
  return static_cast<double>(grid_.rows() * grid_.cols()) *
         static_cast<double>(bank_.filters.size() + bank_.whitening.size());
}

template <class Scalar>
void PatchEncoder<Scalar>::gather(const Scalar* image, Index row, Index col, Scalar* patch) const {
  const Index across = grid_.patch_width * grid_.n_channels;
  const Scalar* corner = image + (row * grid_.width + col) * grid_.stride * grid_.n_channels;
  for (Index r = 0; r < grid_.patch_height; ++r) {
    std::copy_n(corner + r * grid_.width * grid_.n_channels, across, patch + r * across);
  }
}

/// In double: the mean of a patch may be far above its contrast, and squares leave the range of a float.
template <class Scalar>
void PatchEncoder<Scalar>::normalise(MatrixRef<Scalar> patches) const {
  using Scale = PatchContrast::Scale;
  if (!contrast_.center && contrast_.scale == Scale::none) return;
  Eigen::Array<double, 1, Eigen::Dynamic> x(patches.cols());
  for (Index i = 0; i < patches.rows(); ++i) {
    x = patches.row(i).template cast<double>().array();
    const double unit = moderating(x.abs().maxCoeff());
    if (unit < 1.0) x *= unit;
    const double mean = x.mean();
    if (contrast_.center) x -= mean;
    const double epsilon = contrast_.epsilon * unit * unit;
    if (contrast_.scale == Scale::none) {
      x /= unit;
    } else if (contrast_.scale == Scale::norm) {
      x /= std::sqrt(x.square().sum() + epsilon);
    } else {
      x /= std::sqrt((x - (contrast_.center ? 0.0 : mean)).square().mean() + epsilon);
    }
    patches.row(i) = x.template cast<Scalar>().matrix();
  }
}

/// sums += codes of all rows of `inputs`.
template <class Scalar>
void PatchEncoder<Scalar>::add_codes(const ConstMatrixRef<Scalar>& inputs, RowVector<Scalar>& sums,
                                     Matrix<Scalar>& responses) const {
  const Scalar zero(0), epsilon = static_cast<Scalar>(code_.epsilon), t = static_cast<Scalar>(code_.threshold);
  const Scalar root = std::sqrt(epsilon);
  const Blocks tiles(n_filters(), kFilters);
  for (Index tile = 0; tile < tiles.count(); ++tile) {
    const Index first = tiles.begin(tile), count = tiles.length(tile);
    auto Z = responses.topLeftCorner(inputs.rows(), count);
    multiply<Scalar>(inputs, filters_[static_cast<std::size_t>(tile)], Z);
    const auto b = bank_.bias.segment(first, count).array();
    const auto add = [&](Index half, const auto& code) {
      auto s = sums.segment(half * n_filters() + first, count).array();
      for (Index i = 0; i < Z.rows(); ++i) s += code(Z.row(i).array() + b);
    };
    switch (code_.encoding) {
      case Encoding::linear:
        add(0, [](const auto& z) { return z; });
        break;
      case Encoding::rectifier:
        add(0, [&](const auto& z) { return z.max(zero); });
        break;
      case Encoding::absolute:
        add(0, [](const auto& z) { return z.abs(); });
        break;
      case Encoding::smooth_absolute:
        // At most |z| + √ε, which holds where z² is beyond the range.
        add(0, [&](const auto& z) { return (z.square() + epsilon).sqrt().min(z.abs() + root); });
        break;
      case Encoding::split:
        add(0, [&](const auto& z) { return z.max(zero); });
        add(1, [&](const auto& z) { return (-z).max(zero); });
        break;
      case Encoding::soft_threshold:
        add(0, [&](const auto& z) { return (z - t).max(zero); });
        add(1, [&](const auto& z) { return (-z - t).max(zero); });
        break;
      case Encoding::triangle:
        break;
    }
  }
}

/// sums += max(0, mean of d - d) of all rows of `inputs`, d² = ‖x‖² - 2 xᵀc + ‖c‖²; where these cancel, or are beyond the
/// range, d is the norm of x - c itself.
template <class Scalar>
void PatchEncoder<Scalar>::add_triangles(const ConstMatrixRef<Scalar>& inputs, RowVector<Scalar>& sums,
                                         Matrix<Scalar>& distances) const {
  const Scalar cancelled = 32 * std::sqrt(std::numeric_limits<Scalar>::epsilon());
  const Scalar largest = std::numeric_limits<Scalar>::max();
  auto D = distances.topRows(inputs.rows());
  multiply<Scalar>(inputs, filters_[0], D);
  Eigen::Array<Scalar, 1, Eigen::Dynamic> squares(n_filters());
  for (Index i = 0; i < inputs.rows(); ++i) {
    auto d = D.row(i).array();
    squares = squared_norms_.array() + inputs.row(i).squaredNorm();
    d = squares - Scalar(2) * d;
    if ((d >= cancelled * squares && d <= largest).all()) {
      d = d.sqrt();
    } else {
      for (Index k = 0; k < d.size(); ++k) {
        const bool exact = d[k] >= cancelled * squares[k] && d[k] <= largest;
        d[k] = exact ? std::sqrt(d[k]) : distance(inputs.row(i), k);
      }
    }
    sums.array() += (static_cast<Scalar>(d.template cast<double>().mean()) - d).max(Scalar(0));
  }
}

template <class Scalar>
Scalar PatchEncoder<Scalar>::distance(const Eigen::Ref<const RowVector<Scalar>>& input, Index centroid) const {
  const RowVector<double> difference =
      input.template cast<double>() - bank_.filters.col(centroid).transpose().template cast<double>();
  return static_cast<Scalar>(difference.stableNorm());
}

template <class Scalar>
void PatchEncoder<Scalar>::encode_part(const Scalar* image, Index region, Index part, Scalar* codes) const {
  const Index down = region / grid_.region_cols, across = region % grid_.region_cols;
  const Index first_row = region_begin(down, grid_.rows(), grid_.region_rows);
  const Index first_col = region_begin(across, grid_.cols(), grid_.region_cols);
  const Index rows = region_begin(down + 1, grid_.rows(), grid_.region_rows) - first_row;
  const Index cols = region_begin(across + 1, grid_.cols(), grid_.region_cols) - first_col;
  const Blocks parts(rows * cols, kPartPatches);

  // Eigen's square root of a packet rounds otherwise than that of a number: sums that lie aligned, whatever `codes`
  // does, are always cut into the same packets.
  RowVector<Scalar> sums = RowVector<Scalar>::Zero(codes_per_region());
  if (part < parts.count()) {
    const bool triangle = code_.encoding == Encoding::triangle;
    const Blocks blocks(parts.length(part), kPatches);
    const Index longest = std::min(parts.length(part), kPatches);
    Matrix<Scalar> patches(longest, grid_.patch_size());
    Matrix<Scalar> whitened(bank_.whitening.size() > 0 ? longest : 0, bank_.filters.rows());
    Matrix<Scalar> responses(longest, triangle ? n_filters() : std::min(n_filters(), kFilters));
    for (Index block = 0; block < blocks.count(); ++block) {
      const Index first = parts.begin(part) + blocks.begin(block), count = blocks.length(block);
      auto P = patches.topRows(count);
      for (Index k = 0; k < count; ++k) {
        gather(image, first_row + (first + k) / cols, first_col + (first + k) % cols, &P(k, 0));
      }
      normalise(P);
      if (bank_.mean.size() > 0) P.rowwise() -= bank_.mean;
      if (whitened.size() > 0) multiply<Scalar>(P, whitening_, whitened.topRows(count));
      const ConstMatrixRef<Scalar> inputs =
          whitened.size() > 0 ? ConstMatrixRef<Scalar>(whitened.topRows(count)) : ConstMatrixRef<Scalar>(P);
      triangle ? add_triangles(inputs, sums, responses) : add_codes(inputs, sums, responses);
    }
  }
  std::copy_n(sums.data(), sums.size(), codes);
}

template <class Scalar>
void PatchEncoder<Scalar>::encode(const ConstMatrixRef<Scalar>& images, MatrixRef<Scalar> features,
                                  int n_threads) const {
  check_size("columns of the images", images.cols(), grid_.n_pixels(), "height · width · channels");
  check_size("rows of the features", features.rows(), images.rows(), "the images");
  check_size("columns of the features", features.cols(), n_features(), "regions · codes");
  const Index n_regions = grid_.n_regions(), n_codes = codes_per_region();
  const Index n_parts = Blocks(grid_.largest_region(), kPartPatches).count();
  if (n_parts == 1) {
    const double work = multiply_adds() * static_cast<double>(images.rows());
    parallel_for(images.rows() * n_regions, threads_for(work, n_threads), [&](Index task) {
      const Index image = task / n_regions, region = task % n_regions;
      encode_part(images.row(image).data(), region, 0, features.row(image).data() + region * n_codes);
    });
    return;
  }
  Matrix<Scalar> sums(n_regions * n_parts, n_codes);
  for (Index image = 0; image < images.rows(); ++image) {
    parallel_for(sums.rows(), threads_for(multiply_adds(), n_threads), [&](Index task) {
      encode_part(images.row(image).data(), task / n_parts, task % n_parts, sums.row(task).data());
    });
    for (Index region = 0; region < n_regions; ++region) {
      features.row(image).segment(region * n_codes, n_codes) =
          sums.middleRows(region * n_parts, n_parts).colwise().sum();
    }
  }
}

template class PatchEncoder<float>;
template class PatchEncoder<double>;

}  // namespace ppdl
