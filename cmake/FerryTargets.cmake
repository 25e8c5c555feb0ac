# SPDX-License-Identifier: MIT
# What every target of the project has in common, and how another library is switched on.
include_guard(GLOBAL)

# Strict C11 hides what POSIX adds to it; these definitions bring it back.
set(ferry_posix_definitions _POSIX_C_SOURCE=200809L)
if(APPLE)
  list(APPEND ferry_posix_definitions _DARWIN_C_SOURCE)
endif()

# C11 without extensions, the project's warnings, the sanitizers asked for.
function(ferry_target target)
  target_compile_features(${target} PRIVATE c_std_11)
  set_target_properties(${target} PROPERTIES C_EXTENSIONS OFF)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                      -Wvla $<$<BOOL:${FERRY_WERROR}>:-Werror>)
  if(FERRY_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${FERRY_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${FERRY_SANITIZE})
  endif()
  if(FERRY_BUILD_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# A program that runs on POSIX systems: the tests, the benchmarks, the command-line client.
function(ferry_program target)
  add_executable(${target} ${ARGN})
  ferry_target(${target})
  target_compile_definitions(${target} PRIVATE ${ferry_posix_definitions})
  target_link_libraries(${target} PRIVATE ferry)
endfunction()

# Programs that link the target are linked with the JavaScript library too, and again when it
# changes. The option is the same in every Emscripten.
function(ferry_js_library target file)
  set(build_file "${PROJECT_SOURCE_DIR}/${file}")
  get_filename_component(name "${file}" NAME)
  set(installed_file "\${_IMPORT_PREFIX}/${CMAKE_INSTALL_DATADIR}/ferry/${name}")
  target_link_options(
    ${target} INTERFACE "$<BUILD_INTERFACE:--js-library=${build_file}>"
                        "$<INSTALL_INTERFACE:--js-library=${installed_file}>")
  set_property(
    TARGET ${target} APPEND PROPERTY INTERFACE_LINK_DEPENDS "$<BUILD_INTERFACE:${build_file}>"
                                     "$<INSTALL_INTERFACE:${CMAKE_INSTALL_DATADIR}/ferry/${name}>")
  install(FILES "${build_file}" DESTINATION "${CMAKE_INSTALL_DATADIR}/ferry")
endfunction()

# A program for pages, workers and Node alike: bin/NAME.js, a factory called ferryProgram.
function(ferry_web_program target)
  add_executable(${target} ${ARGN})
  ferry_target(${target})
  target_link_libraries(${target} PRIVATE ferry)
  target_link_options(
    ${target} PRIVATE -sMODULARIZE -sEXPORT_NAME=ferryProgram -sENVIRONMENT=web,worker,node
                      -sALLOW_MEMORY_GROWTH)
  # Node takes what lies below this project's package.json for ES modules.
  file(WRITE "${PROJECT_BINARY_DIR}/bin/package.json" "{ \"type\": \"commonjs\" }\n")
endfunction()

# ferry_library(NAME PACKAGE p TARGET t SOURCE file): compiles the file that calls the library in where
# FERRY_<NAME> says so: ON, or AUTO and the package is there. Sets ferry_has_<NAME>.
function(ferry_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE;TARGET;SOURCE" "")
  set(wanted "${FERRY_${name}}")
  set(has OFF)
  if(wanted STREQUAL "AUTO")
    find_package(${arg_PACKAGE} QUIET)
    if(${arg_PACKAGE}_FOUND)
      set(has ON)
    endif()
  elseif(wanted)
    find_package(${arg_PACKAGE} REQUIRED)
    set(has ON)
  endif()
  if(has)
    target_sources(ferry PRIVATE ${arg_SOURCE})
    target_compile_definitions(ferry PRIVATE FERRY_HAVE_${name}=1)
    target_link_libraries(ferry PRIVATE ${arg_TARGET})
    message(STATUS "ferry: ${name} is used")
  else()
    message(STATUS "ferry: ${name} is not used")
  endif()
  set(ferry_has_${name} ${has} PARENT_SCOPE)
endfunction()
