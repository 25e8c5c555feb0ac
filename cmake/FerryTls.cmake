# SPDX-License-Identifier: MIT
# TLS, where FERRY_TLS says so: mbedTLS 3.6 or a later 3.x, the system's or what get_mbedtls.sh has
# put into build/deps; and whose authorities are trusted.
include_guard(GLOBAL)

set(tls_sources
    platform/tls/bio.c
    platform/tls/calls.c
    platform/tls/ciphersuites.c
    platform/tls/codes.c
    platform/tls/config.c
    platform/tls/config_cache.c
    platform/tls/der.c
    platform/tls/describe.c
    platform/tls/extensions.c
    platform/tls/failures.c
    platform/tls/handshake.c
    platform/tls/hash.c
    platform/tls/name_constraints.c
    platform/tls/names.c
    platform/tls/psa.c
    platform/tls/roots.c
    platform/tls/server_certificates.c
    platform/tls/sessions.c
    platform/tls/stream.c
    platform/tls/verify.c)

set(ferry_has_TLS OFF)
if(FERRY_TLS)
  list(APPEND CMAKE_PREFIX_PATH "${PROJECT_SOURCE_DIR}/build/deps/usr")
  find_package(MbedTLS 3.6 CONFIG QUIET)
  if(MbedTLS_FOUND)
    set(ferry_has_TLS ON)
  elseif(NOT FERRY_TLS STREQUAL "AUTO")
    message(FATAL_ERROR "FERRY_TLS needs mbedTLS 3.6; on Debian 12 cmake/get_mbedtls.sh gets it.")
  endif()
endif()

if(ferry_has_TLS)
  target_sources(ferry PRIVATE ${tls_sources})
  # The static archives: a program then needs nothing beside it. Shared ones where there are no others,
  # and for a shared library: Debian's archives are not made for that.
  set(ferry_tls_library MbedTLS::mbedtls)
  if(TARGET MbedTLS::mbedtls_static AND NOT BUILD_SHARED_LIBS)
    set(ferry_tls_library MbedTLS::mbedtls_static)
  else()
    # CMake itself leaves out what lies in the project, as build/deps does.
    get_filename_component(mbedtls_libraries "${MbedTLS_DIR}/../.." ABSOLUTE)
    if(mbedtls_libraries MATCHES "^${PROJECT_SOURCE_DIR}/build/deps/")
      set_target_properties(ferry PROPERTIES INSTALL_RPATH "${mbedtls_libraries}")
    endif()
  endif()
  target_link_libraries(ferry PRIVATE ${ferry_tls_library})
  if(FERRY_CA_BUNDLE)
    if(NOT EXISTS "${FERRY_CA_BUNDLE}")
      message(FATAL_ERROR "ferry: FERRY_CA_BUNDLE names no file: ${FERRY_CA_BUNDLE}")
    endif()
    set(bundle "${PROJECT_BINARY_DIR}/ca_bundle.c")
    add_custom_command(
      OUTPUT "${bundle}"
      COMMAND "${CMAKE_COMMAND}" "-DINPUT=${FERRY_CA_BUNDLE}" "-DOUTPUT=${bundle}" -P
              "${PROJECT_SOURCE_DIR}/cmake/WriteCaBundle.cmake"
      DEPENDS "${FERRY_CA_BUNDLE}" "${PROJECT_SOURCE_DIR}/cmake/WriteCaBundle.cmake"
      VERBATIM)
    target_sources(ferry PRIVATE platform/tls/trust_bundle.c "${bundle}")
  else()
    target_sources(ferry PRIVATE platform/posix/trust.c)
    set_source_files_properties(platform/posix/trust.c PROPERTIES COMPILE_DEFINITIONS
                                                                  "${ferry_posix_definitions}")
  endif()
  message(STATUS "ferry: TLS is used, mbedTLS ${MbedTLS_VERSION}")
else()
  target_sources(ferry PRIVATE platform/tls/no_hash.c platform/tls/none.c)
  message(STATUS "ferry: TLS is not used")
endif()
