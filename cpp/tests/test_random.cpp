#include <ppdl/base/random.hpp>

#include "expect.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

using ppdl::Index;
using ppdl::Random;
using ppdl::tests::expect;

namespace {

using Words = std::array<std::uint32_t, 4>;

// The known answers published with Random123 (Salmon et al. 2011), philox4x32 with 10 rounds.
void known_answers() {
  constexpr std::uint64_t ones = std::numeric_limits<std::uint64_t>::max();
  expect(Random(0, 0).words(0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, "all bits zero");
  expect(Random(ones, ones).words(ones) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, "all bits one");
  expect(Random(0x299f31d0a4093822, 0x0370734413198a2e).words(0x85a308d3243f6a88) ==
             Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
         "the digits of pi");
}

void moments() {
  const Random random(1, 2);
  constexpr Index n = 100'000;
  double sum = 0.0, square = 0.0, uniform = 0.0;
  for (Index i = 0; i < n; ++i) {
    const double z = random.normal(static_cast<std::uint64_t>(i)), u = random.uniform(static_cast<std::uint64_t>(i));
    expect(u >= 0.0 && u < 1.0, "uniform(", i, ") = ", u);
    sum += z;
    square += z * z;
    uniform += u;
  }
  // Five standard errors.
  expect(std::abs(sum / n) < 5.0 / std::sqrt(n), "mean of normals: ", sum / n);
  expect(std::abs(square / n - 1.0) < 5.0 * std::sqrt(2.0 / n), "their mean square: ", square / n);
  expect(std::abs(uniform / n - 0.5) < 5.0 * std::sqrt(1.0 / 12.0 / n), "mean of uniforms: ", uniform / n);
}

void permutations_and_samples() {
  std::vector<Index> order = Random(3).permutation(1000);
  expect(!std::is_sorted(order.begin(), order.end()), "the permutation is the identity");
  std::sort(order.begin(), order.end());
  for (Index i = 0; i < 1000; ++i) expect(order[static_cast<std::size_t>(i)] == i, i, " is missing");

  const std::vector<Index> chosen = Random(3).sample(1000, 10);
  expect(
      chosen.size() == 10 && std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end(),
      "a sample is not increasing");
  expect(Random(3).sample(5, 0).empty(), "a sample of none");
  ppdl::tests::expect_throws<std::invalid_argument>([] { (void)Random(3).sample(5, 6); }, "6 distinct numbers from 5");
}

}  // namespace

int main() {
  return ppdl::tests::run({{"Philox-4x32-10 gives the published answers", known_answers},
                           {"uniform and normal numbers have their moments", moments},
                           {"permutations hold all numbers, samples distinct ones", permutations_and_samples}});
}
