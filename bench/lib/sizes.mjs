// SPDX-License-Identifier: MIT
// sizes: programs that do one HTTPS GET, linked as small as can be: ferry with mbedTLS, and libcurl
// with OpenSSL.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { run } from "./machine.mjs";

// These every program has.
const OF_THE_SYSTEM = /^(linux-vdso|ld-linux|libc|libm|libpthread|libdl|librt)\b/;

/** The bytes of the shared libraries that a program loads. */
async function weighLibraries(program) {
  const { status, stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  if (status !== 0) return 0; // a static one
  const files = [...stdout.matchAll(/^\s*(\S+) => (\/\S+)/gm)]
    .filter(([, name]) => !OF_THE_SYSTEM.test(name))
    .map(([, , file]) => fs.realpathSync(file));
  return [...new Set(files)].reduce((sum, file) => sum + fs.statSync(file).size, 0);
}

async function weigh(title, program) {
  if (!fs.existsSync(program)) return { title, program: null, libraries: null };
  return { title, program: fs.statSync(program).size, libraries: await weighLibraries(program) };
}

/** The library, compiled for size, without content codings and the list of public suffixes. */
async function buildFerry(root, build) {
  const flags = "-Os -DNDEBUG -ffunction-sections -fdata-sections";
  const options = ["-DCMAKE_BUILD_TYPE=MinSizeRel", `-DCMAKE_C_FLAGS_MINSIZEREL=${flags}`];
  for (const name of ["ZLIB", "BROTLI", "ZSTD", "PSL", "BUILD_TESTS", "BUILD_EXAMPLES"]) {
    options.push(`-DFERRY_${name}=OFF`);
  }
  await run(["cmake", "-S", root, "-B", build, "-G", "Ninja", ...options]);
  await run(["cmake", "--build", build, "--target", "size_ferry", "size_ferry_static"]);
}

/** What a shared library needs itself, but for the C library. */
function neededBy(library) {
  const { stdout } = spawnSync("readelf", ["-d", library], { encoding: "utf8" });
  return [...stdout.matchAll(/\(NEEDED\).*\[(\S+)\]/g)].map(([, name]) => name);
}

function linkCurl(source, program, ...libraries) {
  fs.rmSync(program, { force: true });
  const flags = ["-Os", "-s", "-Wl,--gc-sections,--as-needed"];
  spawnSync("cc", [...flags, source, "-o", program, ...libraries], { stdio: "ignore" });
}

/** libcurl as a shared library, and with OpenSSL as static ones: what these need remains shared. */
function linkCurls(source, folder) {
  const shared = path.join(folder, "size_curl");
  const fixed = path.join(folder, "size_curl_static");
  linkCurl(source, shared, "-lcurl");
  const { stdout } = spawnSync("ldd", [shared], { encoding: "utf8" });
  const libcurl = /libcurl\.so\S* => (\/\S+)/.exec(stdout ?? "")?.[1];
  const others = (libcurl ? neededBy(libcurl) : []).filter(
    (name) => !/^lib(ssl|crypto)\./.test(name),
  );
  linkCurl(
    source,
    fixed,
    ...["-Wl,-Bstatic", "-lcurl", "-lssl", "-lcrypto", "-Wl,-Bdynamic"],
    ...others.map((name) => `-l:${name}`),
  );
  return { shared, fixed };
}

/** [{title, program, libraries}] in bytes; program is null where it cannot be linked. */
export async function weighPrograms(root) {
  const build = path.join(root, "build", "size");
  await buildFerry(root, build);
  const { shared, fixed } = linkCurls(path.join(root, "bench/size/get_curl.c"), build);
  return [
    await weigh(
      "ferry and mbedTLS static, the C library shared",
      path.join(build, "bin/size_ferry"),
    ),
    await weigh(
      "ferry, mbedTLS and the C library static",
      path.join(build, "bin/size_ferry_static"),
    ),
    await weigh("libcurl and OpenSSL static, what they need shared", fixed),
    await weigh("libcurl and OpenSSL shared", shared),
  ];
}
