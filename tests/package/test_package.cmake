# SPDX-License-Identifier: MIT
# Installs the library to an empty prefix, then builds and runs a program with find_package(ferry), and
# again by the compiler's line alone, with what pkg-config says.
set(work "${BUILD_DIR}/package")
file(REMOVE_RECURSE "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGN}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --config "${CONFIG}" --prefix "${work}/prefix")
run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${work}/build" -G "${GENERATOR}"
    "-DCMAKE_C_COMPILER=${COMPILER}" "-DCMAKE_PREFIX_PATH=${work}/prefix" "-DVERSION=${VERSION}")
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/user")
run("${work}/prefix/bin/ferry" --help)

# ---- Without CMake: the line of the README ----------------------------------------------------

execute_process(
  COMMAND "${CMAKE_COMMAND}" -E env "PKG_CONFIG_PATH=${work}/prefix/${LIBDIR}/pkgconfig"
          pkg-config --static --cflags --libs ferry
  RESULT_VARIABLE result OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "pkg-config does not find ferry")
endif()
separate_arguments(flags UNIX_COMMAND "${flags}")
run("${COMPILER}" "-DPACKAGE_VERSION=\"${VERSION}\"" "${CMAKE_CURRENT_LIST_DIR}/user.c" -o
    "${work}/by_hand" ${flags})
run("${work}/by_hand")
