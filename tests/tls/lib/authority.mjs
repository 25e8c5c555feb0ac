// SPDX-License-Identifier: MIT
// authority: certificates, keys and revocation lists of the tests' own, made by the openssl command.
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const DAY_MS = 24 * 3600 * 1000;

/** A moment so many days from now. */
export const days = (count) => new Date(Date.now() + count * DAY_MS);

const pad = (number) => String(number).padStart(2, "0");
const asn1Time = (date) => date.toISOString().replace(/[-:T]|\.\d+/g, "");
const asn1ShortTime = (date) => asn1Time(date).slice(2);

/** Dates as a detail may write them: "2020-01-31", "Jan 31 ... 2020", "31 January 2020". */
export function datePattern(date) {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const name = date.toLocaleString("en", { month: "short", timeZone: "UTC" });
  return new RegExp(
    `${year}-${pad(month)}-${pad(day)}|${name}\\w* 0?${day}\\b.*${year}|\\b0?${day} ${name}\\w* ${year}`,
  );
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ferry-tls-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Writes it to a file of its own; gives the file's name. */
export function fileOf(content, name = "file") {
  const file = path.join(folder, `${++files}-${name.replace(/[^\w.-]/g, "_")}`);
  fs.writeFileSync(file, content);
  return file;
}

/** A folder of its own. */
export function emptyFolder() {
  const made = path.join(folder, `${++files}`);
  fs.mkdirSync(made);
  return made;
}

function openssl(...args) {
  // What the system's openssl.cnf says shall not matter.
  const env = { ...process.env, OPENSSL_CONF: "/dev/null" };
  return execFileSync("openssl", args, { env, stdio: ["ignore", "pipe", "pipe"] });
}

// ---- Keys -----------------------------------------------------------------------------------

const kinds = {
  "P-256": ["ec", { namedCurve: "P-256" }],
  "P-384": ["ec", { namedCurve: "P-384" }],
  "P-521": ["ec", { namedCurve: "P-521" }],
  "RSA 1024": ["rsa", { modulusLength: 1024 }],
  "RSA 2048": ["rsa", { modulusLength: 2048 }],
};

/** A key as PEM; with a password, encrypted. */
export function newKey(kind = "P-256") {
  const [type, options] = kinds[kind];
  return crypto
    .generateKeyPairSync(type, options)
    .privateKey.export({ type: "pkcs8", format: "pem" });
}

/** The key under a password: as PKCS #8, or as OpenSSL once wrote them ("traditional"). */
export function encryptKey(key, password, { form = "pkcs8" } = {}) {
  const type = form === "pkcs8" ? "pkcs8" : "sec1";
  return crypto
    .createPrivateKey(key)
    .export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: password });
}

// One key serves all leaves whose key does not matter.
const shared = new Map();
function sharedKey(kind) {
  if (!shared.has(kind)) shared.set(kind, newKey(kind));
  return shared.get(kind);
}

/** The pin of a certificate: SHA-256 of its SubjectPublicKeyInfo. */
export function pinOf({ pem }) {
  const spki = new crypto.X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  return `sha256//${crypto.createHash("sha256").update(spki).digest("base64")}`;
}

export const derOf = (...certificates) =>
  Buffer.concat(certificates.map(({ pem }) => new crypto.X509Certificate(pem).raw));

// ---- Certificates ---------------------------------------------------------------------------

const configuration = (database) => `[ca]
default_ca = own
[own]
database = ${database}
new_certs_dir = ${path.dirname(database)}
rand_serial = yes
unique_subject = no
policy = any
default_md = sha256
default_crl_days = 30
[any]
commonName = optional
organizationName = optional
[crl_extensions]
authorityKeyIdentifier = keyid
`;

/** The configuration of openssl ca, with a database of its own that holds these lines. */
function database(lines = "") {
  const place = emptyFolder();
  const index = path.join(place, "index");
  const config = path.join(place, "config");
  fs.writeFileSync(index, lines);
  fs.writeFileSync(config, configuration(index));
  return config;
}

const requests = new Map();
function requestFor(key) {
  if (!requests.has(key)) {
    const args = ["req", "-new", "-config", "/dev/null", "-subj", "/CN=x"];
    requests.set(key, fileOf(openssl(...args, "-key", fileOf(key, "key"))));
  }
  return requests.get(key);
}

const leafExtensions = {
  basicConstraints: "critical,CA:FALSE",
  keyUsage: "critical,digitalSignature,keyEncipherment",
  extendedKeyUsage: "serverAuth,clientAuth",
};
const authorityExtensions = {
  basicConstraints: "critical,CA:TRUE",
  keyUsage: "critical,keyCertSign,cRLSign",
  subjectKeyIdentifier: "hash",
};

/**
 * A certificate: {name, pem, key, issuer, chain}. Without `issuer` it is signed by itself; `names`
 * are the alternative names as openssl writes them ("DNS:a", "IP:::1"); `extensions` replaces those
 * that it would have, null leaves one out, `sections` are those that they name; `version1` has none at
 * all.
 */
export function issue(name, options = {}) {
  const { issuer = null, ca = false, kind = "P-256", hash = "sha256", names } = options;
  const { from = days(-10), to = days(100), key = ca ? newKey(kind) : sharedKey(kind) } = options;
  const subject = options.subject ?? `/CN=${name.replaceAll("/", "\\/")}`;
  const wanted = { ...(ca ? authorityExtensions : leafExtensions), ...options.extensions };
  if (names?.length > 0) wanted.subjectAltName ??= names.join(",");
  const lines = Object.entries(wanted)
    .filter(([, value]) => value !== null)
    .map(([extension, value]) => `${extension} = ${value}\n`);
  const signer = issuer ?? { key };
  const out = fileOf("", "certificate");
  const args = ["ca", "-batch", "-notext", "-config", database(), "-in", requestFor(key)];
  args.push("-subj", subject, "-md", hash, "-out", out, "-keyfile", fileOf(signer.key, "key"));
  args.push("-startdate", asn1Time(from), "-enddate", asn1Time(to));
  if (issuer) args.push("-cert", fileOf(issuer.pem));
  else args.push("-selfsign");
  if (options.version1) {
    // openssl ca makes these where no extensions are named.
  } else {
    const aki = issuer && !options.withoutKeyIdentifier && issuer.hasKeyIdentifier;
    if (aki) lines.push("authorityKeyIdentifier = keyid\n");
    const text = `[extensions]\n${lines.join("")}${options.sections ?? ""}`;
    args.push("-extfile", fileOf(text), "-extensions", "extensions", "-preserveDN");
  }
  openssl(...args);
  const pem = fs.readFileSync(out, "utf8");
  const made = { name, pem, key, issuer, from, to };
  made.hasKeyIdentifier = !options.version1 && wanted.subjectKeyIdentifier === "hash";
  // What a server sends: from the leaf up to, and without, the root.
  made.chain = issuer?.issuer ? [made, ...issuer.chain] : [made];
  return made;
}

/** A root, or with an issuer an intermediate. */
export const authority = (name, options) => issue(name, { ...options, ca: true });

/** Several certificates as one PEM text. */
export const pemOf = (...certificates) => certificates.map(({ pem }) => pem).join("");

/**
 * A revocation list of an authority as PEM: these certificates are revoked. It is up to date until
 * `to`.
 */
export function revocationList(issuer, revoked = [], { from = days(-5), to = days(20) } = {}) {
  const lines = revoked.map(({ pem }) => {
    const serial = new crypto.X509Certificate(pem).serialNumber;
    return `R\t${asn1ShortTime(days(50))}\t${asn1ShortTime(from)}\t${serial}\tunknown\t/CN=x\n`;
  });
  const args = ["ca", "-gencrl", "-config", database(lines.join(""))];
  args.push("-cert", fileOf(issuer.pem), "-keyfile", fileOf(issuer.key));
  args.push("-crl_lastupdate", asn1Time(from), "-crl_nextupdate", asn1Time(to));
  return openssl(...args).toString("latin1");
}

// ---- DER ------------------------------------------------------------------------------------

/** An element of DER, as openssl's "DER:" values want it. */
export function der(tag, content) {
  const data = Buffer.from(content, typeof content === "string" ? "latin1" : undefined);
  const length =
    data.length < 128
      ? [data.length]
      : data.length < 256
        ? [0x81, data.length]
        : [0x82, data.length >> 8, data.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), data]);
}

/** A subjectAltName with DNS names of any bytes. */
export const rawNames = (...names) =>
  `DER:${der(0x30, Buffer.concat(names.map((name) => der(0x82, name)))).toString("hex")}`;
