# Eigen from CMAKE_PREFIX_PATH or the system; else from the wheel cmeel-eigen, whose files lie in <site-packages>/cmeel.prefix.
# scikit-build-core puts the site-packages of the build environment on CMAKE_PREFIX_PATH.
list(TRANSFORM CMAKE_PREFIX_PATH APPEND "/cmeel.prefix" OUTPUT_VARIABLE cmeel_prefixes)
find_package(Eigen3 3.4 CONFIG REQUIRED PATHS ${cmeel_prefixes})
