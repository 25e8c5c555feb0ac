# SPDX-License-Identifier: MIT
# Finds libbrotlidec, the decoder of brotli: BrotliDec_FOUND, BrotliDec::BrotliDec.
find_path(BrotliDec_INCLUDE_DIR brotli/decode.h)
find_library(BrotliDec_LIBRARY NAMES brotlidec brotlidec-static)
find_library(BrotliDec_COMMON_LIBRARY NAMES brotlicommon brotlicommon-static)
mark_as_advanced(BrotliDec_INCLUDE_DIR BrotliDec_LIBRARY BrotliDec_COMMON_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  BrotliDec REQUIRED_VARS BrotliDec_LIBRARY BrotliDec_COMMON_LIBRARY BrotliDec_INCLUDE_DIR)

if(BrotliDec_FOUND AND NOT TARGET BrotliDec::BrotliDec)
  add_library(BrotliDec::BrotliDec UNKNOWN IMPORTED)
  set_target_properties(
    BrotliDec::BrotliDec
    PROPERTIES IMPORTED_LOCATION "${BrotliDec_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES "${BrotliDec_INCLUDE_DIR}"
               INTERFACE_LINK_LIBRARIES "${BrotliDec_COMMON_LIBRARY}")
endif()
