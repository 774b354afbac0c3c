// Prints the CPU level of the machine that runs it.
#include <ppdl/base/cpu_level.hpp>

#include <cstdio>

int main() { std::fputs(ppdl::cpu_level(), stdout); }
