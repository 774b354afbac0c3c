/// @file
/// Exceptions of the core. A caller's mistake is `std::invalid_argument`.
#pragma once

#include <stdexcept>

namespace ppdl {

/// A computation failed for numerical reasons (a factorisation, a diverging loss); the message says what to change.
class NumericalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ppdl
