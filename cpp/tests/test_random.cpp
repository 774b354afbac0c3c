#include <ppdl/base/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace ppdl {

TEST_CASE("Philox-4x32-10 gives the answers published with Random123 (Salmon et al. 2011)") {
  using Words = std::array<std::uint32_t, 4>;
  constexpr std::uint64_t ones = std::numeric_limits<std::uint64_t>::max();
  CHECK(Random(0, 0).words(0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Random(ones, ones).words(ones) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Random(0x299f31d0a4093822, 0x0370734413198a2e).words(0x85a308d3243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform and normal numbers have their moments") {
  const Random random(1, 2);
  constexpr int n = 100'000;
  double sum = 0.0, square = 0.0, uniform = 0.0, lowest = 1.0, highest = 0.0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double z = random.normal(i), u = random.uniform(i);
    sum += z;
    square += z * z;
    uniform += u;
    lowest = std::min(lowest, u);
    highest = std::max(highest, u);
  }
  CHECK(lowest >= 0.0);
  CHECK(highest < 1.0);
  // Five standard errors.
  CHECK(std::abs(sum / n) < 5.0 / std::sqrt(n));
  CHECK(std::abs(square / n - 1.0) < 5.0 * std::sqrt(2.0 / n));
  CHECK(std::abs(uniform / n - 0.5) < 5.0 * std::sqrt(1.0 / 12.0 / n));
}

TEST_CASE("a permutation holds all numbers") {
  std::vector<Index> order = Random(3).permutation(1000), expected(1000);
  std::iota(expected.begin(), expected.end(), Index{0});
  CHECK(order != expected);
  std::sort(order.begin(), order.end());
  CHECK(order == expected);
}

TEST_CASE("a sample holds distinct numbers in increasing order") {
  const std::vector<Index> chosen = Random(3).sample(1000, 10);
  CHECK(chosen.size() == 10);
  CHECK(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end());
  CHECK(chosen.front() >= 0);
  CHECK(chosen.back() < 1000);
  CHECK(Random(3).sample(5, 0).empty());
  CHECK_THROWS_WITH_AS((void)Random(3).sample(5, 6), doctest::Contains("6 distinct numbers from 5"),
                       std::invalid_argument);
}

}  // namespace ppdl
