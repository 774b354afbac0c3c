/// @file
/// The one door for matrix products of size, as `parallel.hpp` is the one for threads.
///
/// The right factor is packed into the panels that the kernel reads, once, and used for any number of left factors. A
/// number of the result depends on one row of the left and one column of the right factor alone, and is summed in an order
/// that the depth decides: whichever rows are multiplied together, by whichever thread, the bits are the same.
#pragma once

#include <ppdl/base/types.hpp>

#include <memory>
#include <span>

namespace ppdl {

/// The right factor B (depth, width) of a product, packed. A value; a copy shares nothing.
template <class Scalar>
class Panels {
 public:
  Panels() = default;
  Panels(Index depth, Index width) { resize(depth, width); }
  /// Packs all of B.
  explicit Panels(const ConstMatrixRef<Scalar>& B);
  Panels(const Panels& other);
  Panels& operator=(const Panels& other);
  Panels(Panels&&) noexcept = default;
  Panels& operator=(Panels&&) noexcept = default;
  ~Panels() = default;

  /// Sizes the panels; what was in them is lost, and memory is kept where it is enough.
  void resize(Index depth, Index width);
  [[nodiscard]] Index depth() const { return depth_; }
  [[nodiscard]] Index width() const { return width_; }
  [[nodiscard]] bool empty() const { return width_ == 0; }

  /// Columns of B that stand together: a part that `pack_transposed` is given begins at a multiple of it.
  [[nodiscard]] static Index panel_width();

  /// Packs rows [first, first + rows.rows()) of B. Parts may be packed by several threads at once.
  void pack(Index first, const ConstMatrixRef<Scalar>& rows);
  /// Packs columns [first, first + rows.rows()) of B, given as rows of Bᵀ.
  void pack_transposed(Index first, const ConstMatrixRef<Scalar>& rows);

  /// Where the panel that begins at column `first`, a multiple of `panel_width()`, stands; for the kernel.
  [[nodiscard]] const Scalar* panel(Index first) const { return data_.get() + first * depth_; }

 private:
  struct Free {
    void operator()(Scalar* data) const;
  };

  Index depth_ = 0;
  Index width_ = 0;
  Index capacity_ = 0;
  std::unique_ptr<Scalar[], Free> data_;  // at the address of a cache line
};

/// What becomes of the former contents of the result.
enum class Into { overwrite, add };

/// C = AB, or C += AB.
///
/// @param A  (m, depth)
/// @param B  (depth, n)
/// @param C  (m, n)  must not alias A
template <class Scalar>
void multiply(const ConstMatrixRef<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar> C,
              Into into = Into::overwrite);

/// C = AᵀB, or C += AᵀB, with A (depth, m) read where it lies. A depth below B's uses the first rows of B.
template <class Scalar>
void multiply_transposed(const ConstMatrixRef<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar> C,
                         Into into = Into::overwrite);

/// A left factor that is never written out: row i is made of segments of one length, the first number of segment s standing
/// at `data[begins[i] + segments[s]]`. So are the patches of an image, which overlap, or chosen planes of a block of maps.
template <class Scalar>
struct Gathered {
  const Scalar* data = nullptr;
  std::span<const Index> begins;
  std::span<const Index> segments;
  Index length = 0;

  [[nodiscard]] Index rows() const { return static_cast<Index>(begins.size()); }
  [[nodiscard]] Index cols() const { return static_cast<Index>(segments.size()) * length; }
};

/// C = AB, or C += AB, of a gathered A (m, depth).
template <class Scalar>
void multiply(const Gathered<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar> C, Into into = Into::overwrite);

/// Rows [first, first + C.rows()) of AᵀB, or added to C, of a gathered A. Fewer rows than B's use the first rows of B.
template <class Scalar>
void multiply_transposed(const Gathered<Scalar>& A, Index first, const Panels<Scalar>& B, MatrixRef<Scalar> C,
                         Into into = Into::overwrite);

/// The same with B as it lies, which is packed for this one product.
template <class Scalar>
void multiply(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, MatrixRef<Scalar> C,
              Into into = Into::overwrite);
template <class Scalar>
void multiply_transposed(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, MatrixRef<Scalar> C,
                         Into into = Into::overwrite);

/// AB and AᵀB as new matrices, rows shared among threads; `n_threads` <= 0 is OpenMP's limit.
template <class Scalar>
[[nodiscard]] Matrix<Scalar> product(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B,
                                     int n_threads = 0);
template <class Scalar>
[[nodiscard]] Matrix<Scalar> transposed_product(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B,
                                                int n_threads = 0);

/// Fused multiply-adds a second of one core at this CPU level, from registers alone: what products are held against.
template <class Scalar>
[[nodiscard]] double peak_multiply_adds();

}  // namespace ppdl
