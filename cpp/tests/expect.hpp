/// @file
/// What the tests need of a test framework: claims that are checked, and a report of those that fail.
#pragma once

#include <exception>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ppdl::tests {

/// Throws with all parts written one after the other unless `claim` holds.
template <class... Parts>
void expect(bool claim, const Parts&... parts) {
  if (claim) return;
  std::ostringstream message;
  (message << ... << parts);
  throw std::runtime_error(message.str());
}

/// Expects that `call` throws an `Error` whose message contains `part`.
template <class Error>
void expect_throws(const std::function<void()>& call, std::string_view part) {
  try {
    call();
  } catch (const Error& error) {
    expect(std::string_view(error.what()).find(part) != std::string_view::npos, "expected a message with \"", part,
           "\", received \"", error.what(), "\"");
    return;
  }
  expect(false, "nothing was thrown; expected a message with \"", part, "\"");
}

struct Test {
  std::string_view claim;
  std::function<void()> body;
};

/// Runs all tests; the program's exit code.
inline int run(std::initializer_list<Test> tests) {
  int n_failed = 0;
  for (const auto& [claim, body] : tests) {
    try {
      body();
      std::cout << "passed: " << claim << '\n';
    } catch (const std::exception& error) {
      std::cout << "FAILED: " << claim << ": " << error.what() << '\n';
      ++n_failed;
    }
  }
  return n_failed == 0 ? 0 : 1;
}

}  // namespace ppdl::tests
