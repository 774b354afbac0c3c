# What find_package(ppdl) needs: headers, one static library per CPU level, the CMake package.
# The prefix is the Python package's folder in a wheel (`python -m ppdl --cmake-dir` tells where).
include(CMakePackageConfigHelpers)
set(package_dir lib/cmake/ppdl)

list(TRANSFORM levels PREPEND ppdl_ OUTPUT_VARIABLE libraries)
install(TARGETS ${libraries} EXPORT ppdlTargets ARCHIVE DESTINATION lib)
install(DIRECTORY cpp/include/ppdl DESTINATION include)
install(EXPORT ppdlTargets NAMESPACE ppdl:: DESTINATION ${package_dir})

configure_file(cmake/ppdlConfig.cmake.in ppdlConfig.cmake @ONLY)
write_basic_package_version_file(ppdlConfigVersion.cmake COMPATIBILITY SameMinorVersion)
set(package_files ${PROJECT_BINARY_DIR}/ppdlConfig.cmake ${PROJECT_BINARY_DIR}/ppdlConfigVersion.cmake
                  ${PROJECT_SOURCE_DIR}/cmake/Isa.cmake ${PROJECT_SOURCE_DIR}/cmake/print_cpu_level.cpp)
install(FILES ${package_files} DESTINATION ${package_dir})

if(PPDL_DEVELOP)
  set(package_dir ${PROJECT_SOURCE_DIR}/src/ppdl/${package_dir})
  file(COPY ${package_files} DESTINATION ${package_dir})
  export(EXPORT ppdlTargets NAMESPACE ppdl:: FILE ${package_dir}/ppdlTargets.cmake)
endif()
