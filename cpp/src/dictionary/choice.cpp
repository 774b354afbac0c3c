#include <ppdl/dictionary/choice.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/random.hpp>

#include <cmath>
#include <limits>
#include <string>

namespace ppdl {

std::uint64_t dictionary_stream(Index layer, Index column) {
  check(layer >= 0 && layer < 1 << 16, "layer: received ", layer, "; expected 0 to 65535");
  check(column >= 0 && column < Index{1} << 31, "column: received ", column, "; expected 0 to 2^31 - 1");
  return std::uint64_t{1} << 63 | static_cast<std::uint64_t>(layer) << 32 | static_cast<std::uint64_t>(column);
}

Index count_atoms(Index n_visible, double fraction, Index group) {
  check(fraction > 0.0 && fraction <= 1.0, "learned_fraction: received ", fraction,
        "; expected more than 0, at most 1");
  check(n_visible > 0 && group > 0, "cannot choose among ", n_visible, " inputs in groups of ", group);
  const double rounding = 1.0 + 4.0 * std::numeric_limits<double>::epsilon();
  const Index n_atoms = static_cast<Index>(static_cast<double>(n_visible) * fraction * rounding) / group * group;
  if (n_atoms == 0) {
    const std::string inputs = n_visible == 1 ? "1 feature(s)" : std::to_string(n_visible) + " inputs";
    const std::string where = group > 1 ? " in each of " + std::to_string(group) + " channels" : "";
    const double least = std::ceil(static_cast<double>(group) / static_cast<double>(n_visible) * 1e6) / 1e6;
    throw_invalid("learned_fraction: ", fraction, " of ", inputs, " leaves no atom", where, "; raise it to at least ",
                  least);
  }
  return n_atoms;
}

std::vector<Index> choose_atoms(Index n_choice, Index n_atoms, Index group, std::uint64_t seed, std::uint64_t stream) {
  check(group > 0 && n_choice % group == 0 && n_atoms % group == 0, "cannot choose ", n_atoms, " of ", n_choice,
        " atoms in groups of ", group);
  std::vector<Index> atoms;
  atoms.reserve(static_cast<std::size_t>(n_atoms));
  for (const Index chosen : Random(seed, stream).sample(n_choice / group, n_atoms / group)) {
    for (Index member = 0; member < group; ++member) atoms.push_back(chosen * group + member);
  }
  return atoms;
}

Matrix<double> gaussian(Index rows, Index cols, std::uint64_t seed, std::uint64_t stream) {
  check(rows >= 0 && cols >= 0, "shape: received (", rows, ", ", cols, ")");
  const Random random(seed, stream);
  Matrix<double> numbers(rows, cols);
  for (Index i = 0; i < numbers.size(); ++i) numbers.data()[i] = random.normal(static_cast<std::uint64_t>(i));
  return numbers;
}

}  // namespace ppdl
