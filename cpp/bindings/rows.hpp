/// @file
/// Samples as a caller's array holds them: rows of numbers side by side, seen where they lie.
#pragma once

#include "bind.hpp"

#include <ppdl/base/check.hpp>

namespace ppdl::bindings {

/// A matrix whose rows may be any distance apart: one in C order, some rows of it, or windows over a sequence, which
/// overlap. Nothing is copied; a type_error tells that numbers of a row aren't side by side. All rows the same one, 0 apart,
/// is one too: Eigen takes a distance of 0 for that of a matrix without gaps, and would read past the end.
template <class Scalar>
using RowArray = py::array_t<Scalar, 0>;

template <class Scalar>
ConstMatrixRef<Scalar> rows_of(const RowArray<Scalar>& array, const char* name) {
  check(array.ndim() == 2, name, ": received ", array.ndim(), " dimensions; expected 2");
  const Index n_rows = array.shape(0), n_columns = array.shape(1);
  constexpr auto size = static_cast<Index>(sizeof(Scalar));
  const bool read = n_rows > 0 && n_columns > 0;
  const Index distance = n_rows > 1 ? array.strides(0) : n_columns * size;
  if (read && ((n_columns > 1 && array.strides(1) != size) || distance <= 0 || distance % size != 0)) {
    throw py::type_error(std::string(name) + " must have the numbers of a row side by side, and its rows in order");
  }
  using Rows = Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;
  return Rows(array.data(), n_rows, n_columns, Eigen::OuterStride<>(read ? distance / size : n_columns));
}

}  // namespace ppdl::bindings
