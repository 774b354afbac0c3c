/// @file
/// Checks of arguments: each throws `std::invalid_argument` with a message that names what was received.
#pragma once

#include <ppdl/base/types.hpp>

#include <sstream>
#include <stdexcept>
#include <string_view>

namespace ppdl {

/// Throws `std::invalid_argument` with all parts written one after the other.
template <class... Parts>
[[noreturn]] void throw_invalid(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw std::invalid_argument(message.str());
}

/// Throws unless `condition`; the message is built only then.
template <class... Parts>
void check(bool condition, const Parts&... parts) {
  if (!condition) throw_invalid(parts...);
}

/// Throws unless `received == expected`: "columns of X: received 3; expected 4 (the rows of U)".
inline void check_size(std::string_view what, Index received, Index expected, std::string_view because) {
  check(received == expected, what, ": received ", received, "; expected ", expected, " (", because, ")");
}

}  // namespace ppdl
