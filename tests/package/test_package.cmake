# SPDX-License-Identifier: MIT
# Installs the library to an empty prefix, then builds and runs a program with find_package(ferry).
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
