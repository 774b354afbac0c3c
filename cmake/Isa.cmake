# CPU levels: x86-64-v2, v3 and v4 on x86-64, the compiler's native one elsewhere.

set(PPDL_FLAGS_v2 -march=x86-64-v2)
set(PPDL_FLAGS_v3 -march=x86-64-v3)
set(PPDL_FLAGS_v4 -march=x86-64-v4 -mprefer-vector-width=512)
if(APPLE AND CMAKE_SYSTEM_PROCESSOR STREQUAL "arm64")
  set(native_flags -mcpu=native)
else()
  set(native_flags -march=native)
endif()
set(PPDL_FLAGS_native ${native_flags} CACHE STRING "Flags of the level native; a wheel to give away names its architecture here")

# Sets `result` to the best level that this machine runs; `include_dir` holds ppdl's headers.
function(ppdl_native_level result include_dir)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    set(${result} native PARENT_SCOPE)
    return()
  endif()
  if(CMAKE_CROSSCOMPILING)
    message(FATAL_ERROR "The machine's CPU level is unknown when cross-compiling; set PPDL_ISA_LEVELS to v2, v3 or v4")
  endif()
  try_run(exit_code compiled ${CMAKE_BINARY_DIR} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/print_cpu_level.cpp
          CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${include_dir}"
          COMPILE_OUTPUT_VARIABLE output RUN_OUTPUT_VARIABLE level)
  if(NOT compiled OR NOT exit_code EQUAL 0)
    message(FATAL_ERROR "Cannot tell this machine's CPU level:\n${output}${level}")
  endif()
  if(level STREQUAL "v1")
    message(FATAL_ERROR "ppdl needs an x86-64-v2 processor (SSE4.2) or a better one")
  endif()
  set(${result} ${level} PARENT_SCOPE)
endfunction()
