#include <ppdl/dictionary/columns.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/dictionary/choice.hpp>
#include <ppdl/dictionary/kernel.hpp>

#include <utility>

namespace ppdl {

void SquaredExponentialOptions::validate() const {
  check(height > 0 && width > 0, "image: received ", height, " x ", width, "; expected at least 1 x 1");
  check(n_columns > 0, "n_columns: received ", n_columns, "; expected at least 1");
  check(n_channels > 0, "n_channels: received ", n_channels, "; expected at least 1");
  (void)count_atoms(height * width * n_channels, fraction, n_channels);
}

DictionaryColumns squared_exponential_columns(const SquaredExponentialOptions& options) {
  options.validate();
  const Index n_points = options.height * options.width;
  Matrix<double> points(n_points, 2);
  for (Index i = 0; i < n_points; ++i) {
    points.row(i) << static_cast<double>(i / options.width), static_cast<double>(i % options.width);
  }

  DictionaryColumns result;
  result.base = squared_exponential(points, options.n_channels, options.length_scale);
  const Index n_atoms = count_atoms(result.base.cols(), options.fraction, options.n_channels);
  for (Index j = 0; j < options.n_columns; ++j) {
    ColumnAtoms column;
    column.atoms = choose_atoms(result.base.cols(), n_atoms, options.n_channels, options.seed,
                                dictionary_stream(options.layer, j));
    column.mix = ridge_mix(result.base(column.atoms, column.atoms), options.ridge);
    result.columns.push_back(std::move(column));
  }
  return result;
}

}  // namespace ppdl
