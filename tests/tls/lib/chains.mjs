// SPDX-License-Identifier: MIT
// chains: certificates that a client must accept or refuse, with the reasons that it must give.
import { authority, datePattern, days, issue, pemOf, revocationList } from "./authority.mjs";

/** Makes something when it is first wanted. */
export function lazily(make) {
  let made;
  return () => (made ??= make());
}

export const root = lazily(() => authority("Ferry Root"));
export const intermediate = lazily(() => authority("Ferry Middle", { issuer: root() }));

export const NAMES = ["DNS:localhost", "IP:127.0.0.1"];
const leaf = (options = {}) =>
  issue("Ferry Leaf", { issuer: intermediate(), names: NAMES, ...options });

/** A leaf under an intermediate with these options. */
function below(options, { under = root(), ...leafOptions } = {}) {
  const middle = authority("Odd Middle", { issuer: under, ...options });
  return leaf({ issuer: middle, ...leafOptions });
}

/** The same leaf with other certificates sent after it. */
const sending = (certificate, ...others) => ({ ...certificate, chain: [certificate, ...others] });

const manyNames = (count) => Array.from({ length: count }, (_, i) => `DNS:host-${i}.many.example`);

const expired = { from: days(-30), to: days(-2) };
const future = { from: days(2), to: days(30) };
const expiredOn = datePattern(expired.to);
const validFrom = datePattern(future.from);
const NOT_YET = /not( yet)? (be )?valid|valid (only )?from/i;
const UNTRUSTED = /unknown|not (be )?(trusted|known)|no trusted|untrusted|issuer|authorit/i;
const NO_AUTHORITY = /authorit|issuer|issue|\bCA\b|sign/i;
const WEAK = /weak|short|small|too few|bits/i;
const OLD_HASH = /weak|hash|sha-?1|md5|signature|digest/i;

/**
 * Each: a title; `make`, which gives {certificate, roots} and perhaps more; where it is to be
 * refused, what the reason has in it; `node`: the error of Node's client, null where it has none of
 * the kind or judges otherwise, undefined where it accepts.
 */
export const chains = [
  { title: "chain_to_a_trusted_root_is_accepted", make: () => ({ certificate: leaf() }) },
  {
    title: "root_that_is_sent_along_is_accepted",
    make: () => ({ certificate: sending(leaf(), intermediate(), root()) }),
  },
  {
    title: "leaf_directly_below_the_root_is_accepted",
    make: () => ({ certificate: leaf({ issuer: root() }) }),
  },
  {
    title: "intermediate_as_the_only_trusted_authority_is_accepted",
    make: () => ({ certificate: leaf(), roots: [intermediate()] }),
    node: null, // it wants a chain up to a root
  },
  {
    title: "RSA_chain_is_accepted",
    make: () => {
      const top = authority("RSA Root", { kind: "RSA 2048" });
      const middle = authority("RSA Middle", { kind: "RSA 2048", issuer: top });
      return { certificate: leaf({ kind: "RSA 2048", issuer: middle }), roots: [top] };
    },
  },
  {
    title: "P-384_chain_with_SHA-384_is_accepted",
    make: () => {
      const top = authority("P-384 Root", { kind: "P-384", hash: "sha384" });
      return {
        certificate: leaf({ kind: "P-384", hash: "sha384", issuer: top }),
        roots: [top],
      };
    },
  },
  {
    title: "chain_of_many_intermediates_is_accepted",
    make: () => {
      let issuer = root();
      for (let i = 1; i <= 5; i++) issuer = authority(`Middle ${i}`, { issuer });
      return { certificate: leaf({ issuer }) };
    },
  },
  {
    title: "chain_in_the_wrong_order_is_accepted",
    make: () => {
      const lower = authority("Lower Middle", { issuer: intermediate() });
      const last = leaf({ issuer: lower });
      return { certificate: sending(last, root(), intermediate(), lower) };
    },
  },
  {
    title: "certificate_that_does_not_belong_to_the_chain_is_passed_over",
    make: () => ({
      certificate: sending(leaf(), authority("Stray Authority"), intermediate()),
    }),
  },
  {
    title: "one_of_many_trusted_roots_is_found",
    make: () => ({
      certificate: leaf(),
      roots: [...Array.from({ length: 9 }, (_, i) => authority(`Root ${i}`)), root()],
    }),
  },

  // ---- Dates ----
  {
    title: "expired_certificate_is_refused",
    make: () => ({ certificate: leaf(expired) }),
    refused: [/Ferry Leaf/, /expired/i, expiredOn],
    node: "CERT_HAS_EXPIRED",
  },
  {
    title: "expired_intermediate_is_refused",
    make: () => ({ certificate: below(expired) }),
    refused: [/Odd Middle/, /expired/i, expiredOn],
    node: "CERT_HAS_EXPIRED",
  },
  {
    title: "expired_root_is_refused",
    make: () => {
      const top = authority("Old Root", expired);
      return { certificate: leaf({ issuer: top }), roots: [top] };
    },
    refused: [/Old Root/, /expired/i, expiredOn],
    node: "CERT_HAS_EXPIRED",
  },
  {
    title: "certificate_that_is_not_yet_valid_is_refused",
    make: () => ({ certificate: leaf(future) }),
    refused: [/Ferry Leaf/, NOT_YET, validFrom],
    node: "CERT_NOT_YET_VALID",
  },
  {
    title: "intermediate_that_is_not_yet_valid_is_refused",
    make: () => ({ certificate: below(future) }),
    refused: [/Odd Middle/, NOT_YET, validFrom],
    node: "CERT_NOT_YET_VALID",
  },

  // ---- Issuers ----
  {
    title: "self-signed_certificate_is_refused",
    make: () => ({ certificate: leaf({ issuer: null }) }),
    refused: [/Ferry Leaf/, /self.?signed|itself|unknown|not (be )?trusted/i],
    node: "DEPTH_ZERO_SELF_SIGNED_CERT",
  },
  {
    title: "self-signed_certificate_that_is_trusted_is_accepted",
    make: () => {
      const certificate = leaf({ issuer: null });
      return { certificate, roots: [certificate] };
    },
  },
  {
    title: "unknown_root_is_refused",
    make: () => ({ certificate: leaf(), roots: [authority("Another Root")] }),
    refused: [/Ferry (Leaf|Middle|Root)/, UNTRUSTED],
    node: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  },
  {
    title: "unknown_root_that_is_sent_along_is_refused",
    make: () => ({
      certificate: sending(leaf(), intermediate(), root()),
      roots: [authority("Another Root")],
    }),
    refused: [/Ferry (Leaf|Middle|Root)/, UNTRUSTED],
    node: "SELF_SIGNED_CERT_IN_CHAIN",
  },
  {
    title: "root_of_the_same_name_with_another_key_is_refused",
    make: () => ({ certificate: leaf(), roots: [authority("Ferry Root")] }),
    refused: [/Ferry (Leaf|Middle|Root)/, UNTRUSTED],
    node: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  },
  {
    title: "root_of_the_same_name_with_another_key_and_no_identifiers_is_refused",
    make: () => {
      const plain = { extensions: { subjectKeyIdentifier: "none" } };
      const top = authority("Plain Root", plain);
      const extensions = { authorityKeyIdentifier: "none" };
      const certificate = leaf({ issuer: top, extensions });
      return { certificate, roots: [authority("Plain Root", plain)] };
    },
    refused: [/Ferry Leaf|Plain Root/, UNTRUSTED],
    node: "CERT_SIGNATURE_FAILURE",
  },
  {
    title: "chain_without_its_intermediate_is_refused",
    make: () => ({ certificate: sending(leaf()) }),
    refused: [/Ferry (Leaf|Middle)/, UNTRUSTED],
    node: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  },
  {
    title: "issuer_that_is_no_authority_is_refused",
    make: () => ({ certificate: below({ extensions: { basicConstraints: "critical,CA:FALSE" } }) }),
    refused: [/Odd Middle|Ferry Leaf/, NO_AUTHORITY],
    node: "INVALID_PURPOSE",
  },
  {
    title: "issuer_without_basic_constraints_is_refused",
    make: () => ({ certificate: below({ extensions: { basicConstraints: null } }) }),
    refused: [/Odd Middle|Ferry Leaf/, NO_AUTHORITY],
    node: null, // OpenSSL takes keyCertSign for enough
  },
  {
    title: "leaf_as_an_issuer_is_refused",
    make: () => ({
      certificate: issue("Lower Leaf", { issuer: leaf(), names: NAMES }),
    }),
    refused: [/Lower Leaf|Ferry Leaf/, NO_AUTHORITY],
    node: "key usage does not include certificate signing",
  },
  {
    title: "issuer_of_version_1_is_refused",
    make: () => ({ certificate: below({ version1: true }) }),
    refused: [/Odd Middle|Ferry Leaf/, NO_AUTHORITY],
    node: "INVALID_PURPOSE",
  },
  {
    // mbedTLS takes a trusted one for an authority, as OpenSSL does.
    title: "root_of_version_1_is_refused",
    isAlwaysRun: true,
    make: () => {
      const top = authority("Old Root", { version1: true });
      return { certificate: leaf({ issuer: top }), roots: [top] };
    },
    refused: [/Old Root is of version 1/],
    node: null,
  },
  {
    title: "issuer_that_may_not_sign_certificates_is_refused",
    make: () => ({
      certificate: below({ extensions: { keyUsage: "critical,digitalSignature,cRLSign" } }),
    }),
    refused: [/Odd Middle|Ferry Leaf/, NO_AUTHORITY],
    node: "key usage does not include certificate signing",
  },
  {
    title: "path_length_that_is_exceeded_is_refused",
    make: () => {
      const first = { extensions: { basicConstraints: "critical,CA:TRUE,pathlen:0" } };
      const upper = authority("Last Middle", { issuer: root(), ...first });
      return { certificate: below({}, { under: upper }) };
    },
    refused: [/Odd Middle|Ferry Leaf|Last Middle/, /path|long|depth|issuer|authorit/i],
    node: "PATH_LENGTH_EXCEEDED",
  },
  {
    title: "path_length_of_a_root_that_is_exceeded_is_refused",
    make: () => {
      const extensions = { basicConstraints: "critical,CA:TRUE,pathlen:0" };
      const top = authority("Short Root", { extensions });
      return { certificate: below({}, { under: top }), roots: [top] };
    },
    refused: [/Odd Middle|Ferry Leaf|Short Root/, /path|long|depth|issuer|authorit/i],
    node: "PATH_LENGTH_EXCEEDED",
  },
  {
    title: "path_length_that_suffices_is_accepted",
    make: () => ({
      certificate: below({ extensions: { basicConstraints: "critical,CA:TRUE,pathlen:0" } }),
    }),
  },

  // ---- Self-issued: an authority's own, for its next key (RFC 5280 section 6.1.4) ----
  {
    title: "self-issued_certificate_does_not_count_below_an_intermediate",
    make: () => {
      const last = { extensions: { basicConstraints: "critical,CA:TRUE,pathlen:0" } };
      const before = authority("Own Middle", { issuer: root(), ...last });
      return { certificate: leaf({ issuer: authority("Own Middle", { issuer: before }) }) };
    },
  },
  {
    title: "self-issued_certificate_does_not_count_below_a_root",
    make: () => {
      const extensions = { basicConstraints: "critical,CA:TRUE,pathlen:0" };
      const top = authority("Own Root", { extensions });
      const next = authority("Own Root", { issuer: top });
      return { certificate: leaf({ issuer: next }), roots: [top] };
    },
  },
  {
    // mbedTLS does not count below a root.
    title: "self-issued_certificates_do_not_hide_one_too_many",
    isAlwaysRun: true,
    make: () => {
      const extensions = { basicConstraints: "critical,CA:TRUE,pathlen:0" };
      const top = authority("Own Root", { extensions });
      const next = authority("Own Root", { issuer: top });
      return { certificate: below({}, { under: next }), roots: [top] };
    },
    refused: [/Odd Middle/, /path/],
    node: "PATH_LENGTH_EXCEEDED",
  },
  {
    title: "self-issued_certificate_allows_no_longer_path_than_what_is_above",
    make: () => {
      const limit = (length) => ({
        extensions: { basicConstraints: `critical,CA:TRUE,pathlen:${length}` },
      });
      const top = authority("Own Root", limit(0));
      const next = authority("Own Root", { issuer: top, ...limit(5) });
      return { certificate: below({}, { under: next }), roots: [top] };
    },
    refused: [/Odd Middle/, /path/],
    node: "PATH_LENGTH_EXCEEDED",
  },
  {
    title: "self-issued_certificate_is_bound_by_no_names",
    make: () => {
      const range = "permitted;IP:127.0.0.1/255.255.255.255";
      const extensions = { nameConstraints: `permitted;DNS:localhost,${range}` };
      const top = authority("Named Root", { extensions });
      const next = authority("Named Root", { issuer: top, names: ["DNS:not.permitted.example"] });
      return { certificate: leaf({ issuer: next }), roots: [top] };
    },
  },
  {
    title: "intermediate_with_a_name_that_is_not_permitted_is_refused",
    make: () => {
      const range = "permitted;IP:127.0.0.1/255.255.255.255";
      const extensions = { nameConstraints: `permitted;DNS:localhost,${range}` };
      const top = authority("Named Root", { extensions });
      const next = authority("Odd Middle", { issuer: top, names: ["DNS:not.permitted.example"] });
      return { certificate: leaf({ issuer: next }), roots: [top] };
    },
    refused: [/Odd Middle/, /may not give/],
    node: "permitted subtree violation",
  },

  // ---- Purposes ----
  {
    title: "certificate_for_clients_only_is_refused",
    make: () => ({ certificate: leaf({ extensions: { extendedKeyUsage: "clientAuth" } }) }),
    refused: [/Ferry Leaf/, /server|usage|purpose/i],
    node: "INVALID_PURPOSE",
  },
  {
    title: "certificate_for_any_purpose_is_accepted",
    make: () => ({
      certificate: leaf({ extensions: { extendedKeyUsage: "anyExtendedKeyUsage" } }),
    }),
    node: null, // OpenSSL wants serverAuth all the same
  },
  {
    title: "certificate_without_a_purpose_is_accepted",
    make: () => ({ certificate: leaf({ extensions: { extendedKeyUsage: null } }) }),
  },
  {
    title: "certificate_whose_key_may_not_sign_is_refused",
    make: () => ({ certificate: leaf({ extensions: { keyUsage: "critical,keyAgreement" } }) }),
    refused: [/Ferry Leaf/, /usage|purpose|sign/i],
    node: null,
  },
  {
    title: "critical_extension_that_nobody_knows_is_refused",
    make: () => ({ certificate: leaf({ extensions: { "1.2.3.4.5": "critical,DER:0500" } }) }),
    refused: [/Ferry Leaf/, /critical extension that is not understood \(1\.2\.3\.4\.5\)/],
    node: "unhandled critical extension",
  },
  {
    title: "critical_extension_of_an_intermediate_that_nobody_knows_is_refused",
    make: () => ({ certificate: below({ extensions: { "1.2.3.4.5": "critical,DER:0500" } }) }),
    refused: [/Odd Middle/, /critical extension that is not understood \(1\.2\.3\.4\.5\)/],
    node: "unhandled critical extension",
  },
  {
    title: "critical_extension_in_a_certificate_that_is_not_needed_does_not_matter",
    make: () => {
      const extensions = { "1.2.3.4.5": "critical,DER:0500" };
      const stray = authority("Stray Authority", { extensions });
      return { certificate: sending(leaf(), stray, intermediate()) };
    },
  },
  {
    title: "critical_policies_are_accepted",
    make: () => ({
      certificate: below({ extensions: { certificatePolicies: "critical,1.2.3.4" } }),
    }),
  },
  {
    title: "critical_constraints_in_a_chain_in_the_wrong_order_are_obeyed",
    make: () => {
      const extensions = {
        nameConstraints: "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255",
      };
      const upper = authority("Narrow Middle", { issuer: root(), extensions });
      const lower = authority("Lower Middle", { issuer: upper });
      const last = leaf({ issuer: lower });
      return { certificate: sending(last, upper, lower) };
    },
  },
  {
    title: "unknown_root_is_refused_with_critical_constraints_too",
    make: () => {
      const extensions = {
        nameConstraints: "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255",
      };
      return { certificate: below({ extensions }), roots: [authority("Another Root")] };
    },
    refused: [/Ferry Leaf|Odd Middle|Ferry Root/, UNTRUSTED],
    node: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  },
  {
    title: "expired_certificate_is_refused_with_critical_constraints_too",
    make: () => {
      const extensions = {
        nameConstraints: "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255",
      };
      return { certificate: below({ extensions }, expired) };
    },
    refused: [/Ferry Leaf/, /expired/i, expiredOn],
    node: "CERT_HAS_EXPIRED",
  },

  // ---- Keys and hashes ----
  {
    title: "RSA_key_of_1024_bits_is_refused",
    make: () => ({ certificate: leaf({ kind: "RSA 1024" }), weak: true }),
    refused: [/Ferry Leaf/, WEAK],
    node: null,
  },
  {
    title: "intermediate_with_an_RSA_key_of_1024_bits_is_refused",
    make: () => ({ certificate: below({ kind: "RSA 1024" }), weak: true }),
    refused: [/Odd Middle|Ferry Leaf/, WEAK],
    node: null,
  },
  ...["sha1", "md5"].flatMap((hash) => [
    {
      title: `certificate_signed_with_${hash}_is_refused`,
      make: () => {
        const top = authority("RSA Root", { kind: "RSA 2048" });
        return { certificate: leaf({ hash, issuer: top }), roots: [top], weak: true };
      },
      refused: [/Ferry Leaf/, OLD_HASH],
      node: null,
    },
    {
      title: `intermediate_signed_with_${hash}_is_refused`,
      make: () => {
        const top = authority("RSA Root", { kind: "RSA 2048" });
        return { certificate: below({ hash }, { under: top }), roots: [top], weak: true };
      },
      refused: [/Odd Middle/, OLD_HASH],
      node: null,
    },
  ]),
  {
    title: "signature_of_a_trusted_root_itself_does_not_matter",
    make: () => {
      const top = authority("SHA-1 Root", { kind: "RSA 2048", hash: "sha1" });
      return { certificate: leaf({ issuer: top }), roots: [top], weak: true };
    },
  },

  // ---- Sizes ----
  {
    title: "certificates_of_15_KB_are_accepted",
    make: () => ({ certificate: leaf({ names: [...NAMES, ...manyNames(500)] }) }),
  },
  {
    title: "certificates_that_are_larger_than_mbedTLS_can_take_are_refused_in_words",
    make: () => ({ certificate: leaf({ names: [...NAMES, ...manyNames(1000)] }) }),
    refused: [/large|big|long|16/i],
    error: ["TLS_HANDSHAKE", "TLS_CERTIFICATE"],
  },
];

// ---- Revocation -----------------------------------------------------------------------------

const revocable = lazily(() => {
  const certificate = leaf();
  const other = leaf();
  const rootList = revocationList(root());
  return { certificate, other, rootList };
});
const staleList = { from: days(-9), to: days(-3) };
const LIST = /\bCRLs?\b|revocation/i;

/** The same, with `crl`: revocation lists as PEM. */
export const revocations = [
  {
    title: "revoked_certificate_is_refused",
    make: () => {
      const { certificate, rootList } = revocable();
      return { certificate, crl: [revocationList(intermediate(), [certificate]), rootList] };
    },
    refused: [/Ferry Leaf/, /revoked/i],
    node: "CERT_REVOKED",
  },
  {
    title: "revoked_certificate_is_refused_with_its_issuers_list_alone",
    make: () => {
      const { certificate } = revocable();
      return { certificate, crl: [revocationList(intermediate(), [certificate])] };
    },
    refused: [/Ferry Leaf/, /revoked/i],
    node: null, // it wants lists for the whole chain
  },
  {
    title: "certificate_beside_a_revoked_one_is_accepted",
    make: () => {
      const { certificate, other, rootList } = revocable();
      return { certificate, crl: [rootList, revocationList(intermediate(), [other])] };
    },
  },
  {
    title: "list_that_is_out_of_date_is_refused_beside_one_that_is_not",
    make: () => {
      const { certificate, rootList } = revocable();
      const old = revocationList(intermediate(), [], { from: days(-9), to: days(-2) });
      return { certificate, crl: [rootList, old, revocationList(intermediate())] };
    },
    refused: [/Ferry Leaf/, /out of date|expired/i],
    node: null, // it goes by the newer one
  },
  {
    title: "revoked_intermediate_is_refused",
    make: () => {
      const { certificate } = revocable();
      const middleList = revocationList(intermediate());
      return { certificate, crl: [middleList, revocationList(root(), [intermediate()])] };
    },
    refused: [/Ferry Middle/, /revoked/i],
    node: "CERT_REVOKED",
  },
  {
    title: "issuer_without_a_list_is_not_asked",
    make: () => ({ certificate: revocable().certificate, crl: [revocable().rootList] }),
    node: null,
  },
  {
    title: "list_of_somebody_else_does_not_matter",
    make: () => ({
      certificate: revocable().certificate,
      crl: [revocationList(authority("Stray Authority"))],
    }),
    node: null,
  },
  {
    title: "list_that_is_out_of_date_is_refused",
    make: () => {
      const { certificate, rootList } = revocable();
      return { certificate, crl: [revocationList(intermediate(), [], staleList), rootList] };
    },
    refused: [LIST, /expired|out of date|no longer|old/i, /Ferry (Leaf|Middle)/],
    node: "CRL_HAS_EXPIRED",
  },
  {
    title: "list_that_is_not_yet_valid_is_refused",
    make: () => {
      const { certificate, rootList } = revocable();
      return { certificate, crl: [revocationList(intermediate(), [], future), rootList] };
    },
    refused: [LIST, /not yet|future|valid/i],
    node: "CRL_NOT_YET_VALID",
  },
  {
    title: "list_that_another_key_has_signed_is_refused",
    make: () => {
      const { certificate, rootList } = revocable();
      const impostor = authority("Ferry Middle", { extensions: { subjectKeyIdentifier: "none" } });
      return { certificate, crl: [revocationList(impostor), rootList] };
    },
    refused: [LIST, /sign|trust|verif|authentic/i],
    node: "CRL_SIGNATURE_FAILURE",
  },
];

// ---- Name constraints -----------------------------------------------------------------------

const leafNames = ["DNS:localhost", "DNS:a.example", "IP:127.0.0.1"];
const CONSTRAINED = /constrain|permit|exclude|allowed|may not|critical|extension/i;
const constraints = [
  ["permitted_name", "permitted;DNS:example,permitted;DNS:localhost", true],
  ["name_that_is_not_permitted", "permitted;DNS:other.test,permitted;DNS:localhost", false],
  ["excluded_name", "excluded;DNS:example", false],
  ["name_beside_the_excluded_ones", "excluded;DNS:other.test", true],
  ["permitted_address", "permitted;IP:127.0.0.0/255.0.0.0", true],
  ["address_that_is_not_permitted", "permitted;IP:10.0.0.0/255.0.0.0", false],
  ["excluded_address", "excluded;IP:127.0.0.0/255.0.0.0", false],
];

export const constrained = ["root", "intermediate"].flatMap((place) =>
  ["critical", "not_critical"].flatMap((weight) =>
    constraints.map(([what, value, accepted]) => ({
      title: `${what}_and_${weight}_constraints_in_the_${place}`,
      isAlwaysRun: what === "permitted_address" && place === "root",
      make: () => {
        const text = `${weight === "critical" ? "critical," : ""}${value}`;
        const extensions = { nameConstraints: text };
        if (place === "intermediate") {
          return { certificate: below({ extensions }, { names: leafNames }) };
        }
        const top = authority("Narrow Root", { extensions });
        return { certificate: below({}, { under: top, names: leafNames }), roots: [top] };
      },
      refused: accepted ? undefined : [CONSTRAINED],
      node: accepted
        ? undefined
        : what.startsWith("excluded")
          ? "excluded subtree violation"
          : "permitted subtree violation",
    })),
  ),
);

// The subject is a name of this kind; "O=Ferry" is what those that are permitted begin with.
constrained.push(
  ...[
    ["directory_that_is_permitted", "permitted", "/O=Ferry/CN=Ferry Leaf", true],
    ["directory_that_is_permitted_in_other_letters", "permitted", "/O=fERRY/CN=Ferry Leaf", true],
    ["directory_that_is_not_permitted", "permitted", "/O=Other/CN=Ferry Leaf", false],
    ["directory_that_is_permitted_further_down", "permitted", "/CN=Ferry Leaf/O=Ferry", false],
    ["directory_that_is_longer_than_what_is_permitted", "permitted", "/O=Ferry2/CN=Leaf", false],
    ["directory_that_is_excluded", "excluded", "/O=Ferry/CN=Ferry Leaf", false],
    ["directory_beside_what_is_excluded", "excluded", "/O=Other/CN=Ferry Leaf", true],
  ].map(([title, how, subject, accepted]) => ({
    title,
    make: () => {
      const extensions = { nameConstraints: `critical,${how};dirName:directory` };
      const options = { extensions, sections: "[directory]\nO = Ferry\n" };
      return { certificate: below(options, { subject }) };
    },
    refused: accepted ? undefined : [CONSTRAINED],
    node: accepted ? undefined : `${how} subtree violation`,
  })),
);

/** The roots that a case trusts. */
export const rootsOf = ({ roots }) => roots ?? [root()];
export const trusted = (made) => pemOf(...rootsOf(made));
