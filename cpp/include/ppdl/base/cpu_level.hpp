/// @file
/// The x86-64 level of the processor that runs the program. Compiled for the lowest level, it runs everywhere.
#pragma once

namespace ppdl {

/// "v2", "v3" or "v4" (x86-64-v2 …), "v1" below them, "native" on other architectures.
inline const char* cpu_level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const auto v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const auto v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const auto v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? "v4" : v3 ? "v3" : v2 ? "v2" : "v1";
#else
  return "native";
#endif
}

}  // namespace ppdl
