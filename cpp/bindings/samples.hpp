/// @file
/// A caller's arrays, kept alive and shown to the core in place.
#pragma once

#include "rows.hpp"

#include <ppdl/train/samples.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace ppdl::bindings {

template <class Scalar>
using Array = py::array_t<Scalar, py::array::c_style>;
template <class Scalar>
using OptionalArray = std::optional<Array<Scalar>>;

template <class Scalar>
class SampleArrays {
 public:
  /// @param targets  int32 labels, a matrix, or None
  SampleArrays(RowArray<Scalar> inputs, const py::object& targets, const OptionalArray<Scalar>& weights)
      : inputs_(std::move(inputs)), samples_{.inputs = rows_of(inputs_, "inputs")} {
    using Labels = Array<std::int32_t>;
    if (py::isinstance<Labels>(targets)) {
      const auto labels = py::reinterpret_borrow<Labels>(targets);
      check(labels.ndim() == 1, "labels: received ", labels.ndim(), " dimensions; expected 1");
      check_size("labels", labels.size(), samples_.inputs.rows(), "rows of the inputs");
      samples_.labels = labels.data();
      targets_ = labels;
    } else if (!targets.is_none()) {
      if (!py::isinstance<Array<Scalar>>(targets)) {
        throw py::type_error("targets must be int32 labels or a C-contiguous matrix of the inputs' dtype");
      }
      const auto values = py::reinterpret_borrow<Array<Scalar>>(targets);
      view_ = std::make_unique<ConstMatrixRef<Scalar>>(rows_of<Scalar>(values, "targets"));
      check_size("rows of the targets", view_->rows(), samples_.inputs.rows(), "rows of the inputs");
      samples_.targets = view_.get();
      targets_ = values;
    }
    if (weights) {
      weights_ = *weights;
      check_size("sample weights", weights->size(), samples_.inputs.rows(), "rows of the inputs");
      samples_.weights = weights->data();
    }
  }

  [[nodiscard]] const Samples<Scalar>& samples() const { return samples_; }

 private:
  RowArray<Scalar> inputs_;
  py::object targets_, weights_;
  std::unique_ptr<ConstMatrixRef<Scalar>> view_;
  Samples<Scalar> samples_;
};

}  // namespace ppdl::bindings
