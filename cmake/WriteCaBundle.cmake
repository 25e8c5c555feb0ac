# SPDX-License-Identifier: MIT
# Writes a PEM file as a C array: cmake -DINPUT=roots.pem -DOUTPUT=ca_bundle.c -P WriteCaBundle.cmake
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)"
                     "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include <stddef.h>
extern const char ferry_ca_bundle[];
extern const size_t ferry_ca_bundle_size;
const char ferry_ca_bundle[] = {
${bytes}0};
const size_t ferry_ca_bundle_size = sizeof ferry_ca_bundle - 1;
")
