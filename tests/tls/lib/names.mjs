// SPDX-License-Identifier: MIT
// names: names of certificates and of hosts that match or do not (RFC 9525 section 6).
import { issue, rawNames } from "./authority.mjs";
import { intermediate } from "./chains.mjs";

const MANY = Array.from({ length: 1000 }, (_, i) => `DNS:n${i}.test`);

// [what, names of the certificate, the name wanted, accepted, {node, extensions, subject}]
const matches = [
  ["exact_name", ["DNS:a.example"], "a.example", true],
  ["name_in_another_case", ["DNS:a.EXAMPLE"], "A.example", true],
  ["second_name", ["DNS:b.example", "DNS:a.example"], "a.example", true],
  ["punycode_name", ["DNS:xn--bcher-kva.example"], "xn--bcher-kva.example", true],
  ["other_name", ["DNS:a.example", "DNS:b.example"], "c.example", false],
  ["name_below", ["DNS:a.example"], "b.a.example", false],
  ["name_above", ["DNS:b.a.example"], "a.example", false],
  ["name_that_begins_alike", ["DNS:a.example"], "a.example.test", false],
  ["name_that_ends_alike", ["DNS:a.example"], "aa.example", false],
  ["name_after_a_dot", ["DNS:.a.example"], "b.a.example", false],
  ["name_without_subject", ["DNS:a.example"], "a.example", true, { subject: "/O=Ferry" }],

  ["wildcard_for_one_label", ["DNS:*.a.example"], "b.a.example", true],
  ["wildcard_in_another_case", ["DNS:*.A.Example"], "b.a.example", true],
  ["wildcard_for_a_punycode_label", ["DNS:*.a.example"], "xn--bcher-kva.a.example", true],
  ["wildcard_for_no_label", ["DNS:*.a.example"], "a.example", false],
  ["wildcard_for_two_labels", ["DNS:*.a.example"], "c.b.a.example", false],
  ["wildcard_in_the_middle", ["DNS:a.*.example"], "a.b.example", false],
  ["wildcard_at_the_end", ["DNS:a.example.*"], "a.example.test", false],
  ["two_wildcards", ["DNS:*.*.example"], "a.b.example", false],
  [
    "wildcard_after_a_part_of_a_label",
    ["DNS:f*.a.example"],
    "foo.a.example",
    false,
    { node: null },
  ],
  [
    "wildcard_before_a_part_of_a_label",
    ["DNS:*o.a.example"],
    "foo.a.example",
    false,
    { node: null },
  ],
  ["wildcard_within_a_label", ["DNS:f*o.a.example"], "foo.a.example", false, { node: null }],
  ["wildcard_alone_for_a_name", ["DNS:*"], "a.example", false],
  ["wildcard_alone_for_one_label", ["DNS:*"], "localhost", false],
  ["wildcard_for_an_address", ["DNS:*.0.0.1"], "127.0.0.1", false],

  ["address", ["IP:127.0.0.1"], "127.0.0.1", true],
  ["second_address", ["IP:10.0.0.1", "IP:127.0.0.1"], "127.0.0.1", true],
  ["other_address", ["IP:127.0.0.2"], "127.0.0.1", false],
  ["address_as_a_name", ["DNS:127.0.0.1"], "127.0.0.1", false],
  ["name_for_an_address", ["DNS:a.example"], "127.0.0.1", false],
  ["address_for_a_name", ["IP:127.0.0.1"], "localhost", false],
  ["IPv6_address", ["IP:::1"], "::1", true],
  [
    "IPv6_address_spelled_otherwise",
    ["IP:2001:db8::1"],
    "2001:0DB8:0:0::0001",
    true,
    { node: null },
  ],
  ["other_IPv6_address", ["IP:::2"], "::1", false],
  ["IPv4_address_for_an_IPv6_one", ["IP:127.0.0.1"], "::1", false],

  ["common_name_alone", [], "a.example", false, { subject: "/CN=a.example", node: null }],
  [
    "common_name_beside_others",
    ["DNS:b.example"],
    "a.example",
    false,
    { subject: "/CN=a.example" },
  ],
  [
    "common_name_beside_an_email_address",
    ["email:me@a.example"],
    "a.example",
    false,
    { subject: "/CN=a.example", node: null },
  ],
  ["common_name_of_an_address", [], "127.0.0.1", false, { subject: "/CN=127.0.0.1" }],
  ["URI_name", ["URI:https://a.example/"], "a.example", false, { node: null }],

  ["last_of_1000_names", MANY, "n999.test", true],
  ["none_of_1000_names", MANY, "n1000.test", false],
  ["name_with_NUL", [], "a.example", false, { raw: ["a.example\0.evil.test"] }],
  ["name_that_ends_in_NUL", [], "a.example", false, { raw: ["a.example\0"] }],
  ["name_that_begins_with_NUL", [], "a.example", false, { raw: ["\0a.example"] }],
  ["empty_name", [], "a.example", false, { raw: [""] }],
  [
    "name_beside_one_with_NUL",
    [],
    "a.example",
    true,
    { raw: ["b.test\0x", "a.example"], node: null },
  ],
];

/** Each: a title, `make`, the name that is wanted, `refused` and `node` as in chains. */
export const names = matches.map(([what, has, wanted, accepted, options = {}]) => ({
  title: `${what}_is_${accepted ? "accepted" : "refused"}`,
  wanted,
  make: () => {
    const extensions = options.raw ? { subjectAltName: rawNames(...options.raw) } : {};
    const { subject = "/CN=Ferry Leaf" } = options;
    const issuer = intermediate();
    return { certificate: issue("Ferry Leaf", { issuer, names: has, extensions, subject }) };
  },
  refused: accepted
    ? undefined
    : [
        new RegExp(wanted.replaceAll(".", "\\.")),
        ...(has.length === 1 && /^(DNS|IP):[\w.]+$/.test(has[0])
          ? [new RegExp(has[0].replace(/^\w+:/, "").replaceAll(".", "\\."), "i")]
          : []),
      ],
  node:
    options.node ??
    (accepted || options.node === null ? options.node : "ERR_TLS_CERT_ALTNAME_INVALID"),
}));
