// SPDX-License-Identifier: MIT
// streams: exchanges over TLS: ends with and without close_notify, alerts and damage on the way,
// records of all sizes, large bodies, handshakes that stall or are cancelled, blocking mode.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nginx, startNginx } from "../scenarios/lib/nginx.mjs";
import {
  brokenExchange,
  connected,
  digest,
  exchange,
  expectTranscript,
  pattern,
  quick,
  run,
} from "../scenarios/lib/run.mjs";
import { lines, ok, rawServer } from "../scenarios/lib/servers.mjs";
import { fileOf, issue, pemOf } from "./lib/authority.mjs";
import { intermediate, lazily, NAMES, root } from "./lib/chains.mjs";
import { expectAccepted, expectRefused, get, got, skip, trust } from "./lib/expect.mjs";
import {
  contentLength,
  corrupt,
  DATA,
  HANDSHAKE,
  isCloseNotify,
  plainAlert,
  relay,
} from "./lib/relay.mjs";
import { tlsServer } from "./lib/servers.mjs";

const good = lazily(() => issue("Ferry Leaf", { issuer: intermediate(), names: NAMES }));
const trusting = () => trust(root());
const https = { scheme: "https" };
const versions = ["TLSv1.2", "TLSv1.3"];

/** A body whose records are told from all others by their length. */
const BODY = pattern(2000);
const isBody = (record) => record[0] === DATA && contentLength(record) >= BODY.length;

/** Answers one request with this and ends the connection in an orderly way. */
const answerOnce =
  (...answer) =>
  async (connection) => {
    await connection.head();
    for (const part of answer) await connection.send(part);
    connection.end();
  };

for (const version of versions) {
  const only = { minVersion: version, maxVersion: version };
  const serve = (t, script) => tlsServer(t, good(), script, only);

  describe(`Ends in ${version}`, { skip }, () => {
    const dropping = {
      onRecord: (record, from) => (from === "server" && isCloseNotify(record) ? null : undefined),
    };
    const untilEnd = lines("HTTP/1.1 200 OK", "Connection: close");
    const chunked = lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
    const chunk = `5\r\nhello\r\n`;

    test("close_notify_ends_a_body_that_lasts_until_the_end", async (t) => {
      const server = await serve(t, answerOnce(untilEnd, "hello"));
      const headers = ["Connection: close"];
      const options = { length: -1, headers, end: "DISCONNECTED" };
      expectTranscript(await run(...get(server, trusting())), connected, got("hello", options));
    });

    test("end_without_close_notify_truncates_a_body_that_lasts_until_the_end", async (t) => {
      const server = await relay(t, await serve(t, answerOnce(untilEnd, "hello")), dropping);
      const headers = ["Connection: close"];
      expectTranscript(
        await run(...get(server, trusting())),
        connected,
        brokenExchange("/", "hello", "BODY_TRUNCATED", {
          ...https,
          headers,
          detail: "…TLS…",
        }),
      );
    });

    test("empty_body_without_close_notify_is_truncated", async (t) => {
      const server = await relay(t, await serve(t, answerOnce(untilEnd)), dropping);
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^read: BODY_TRUNCATED: /m);
    });

    test("end_without_close_notify_after_a_whole_body_does_no_harm", async (t) => {
      const server = await relay(t, await serve(t, answerOnce(ok("hello"))), dropping);
      await expectAccepted(server, trusting());
    });

    test("end_without_close_notify_in_a_body_with_a_length_truncates_it", async (t) => {
      const answer = `${lines("HTTP/1.1 200 OK", "Content-Length: 9")}hello`;
      const server = await relay(t, await serve(t, answerOnce(answer)), dropping);
      expectTranscript(
        await run(...get(server, trusting())),
        connected,
        brokenExchange("/", "hello", "BODY_TRUNCATED", {
          ...https,
          length: 9,
          headers: ["Content-Length: 9"],
        }),
      );
    });

    test("close_notify_in_a_body_with_a_length_truncates_it", async (t) => {
      const answer = `${lines("HTTP/1.1 200 OK", "Content-Length: 9")}hello`;
      const transcript = await run(...get(await serve(t, answerOnce(answer)), trusting()));
      assert.match(transcript, /^body 5 bytes "hello"\nread: BODY_TRUNCATED: /m);
    });

    test("end_without_close_notify_in_a_chunked_body_truncates_it", async (t) => {
      const server = await relay(t, await serve(t, answerOnce(chunked, chunk)), dropping);
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^body 5 bytes "hello"\nread: BODY_TRUNCATED: /m);
    });

    test("end_without_close_notify_after_a_chunked_body_does_no_harm", async (t) => {
      const server = await relay(
        t,
        await serve(t, answerOnce(chunked, chunk, "0\r\n\r\n")),
        dropping,
      );
      const options = { length: -1, chunked: true, headers: ["Transfer-Encoding: chunked"] };
      expectTranscript(
        await run(...get(server, trusting())),
        connected,
        got("hello", { ...options, end: "…" }),
      );
    });

    test("end_in_the_place_of_an_answer_is_told", async (t) => {
      for (const options of [{}, dropping]) {
        const script = async (connection) => {
          await connection.head();
          connection.end();
        };
        const server = await relay(t, await serve(t, script), options);
        const transcript = await run(...get(server, trusting()));
        assert.match(transcript, /^poll: CONNECTION_ERROR: .*without answering/m);
      }
    });

    test("server_sees_the_clients_close_notify", async (t) => {
      const server = await relay(t, await serve(t));
      await expectAccepted(server, trusting());
      await server.links[0].closed;
      const last = server.links[0].records.client.at(-1);
      if (version === "TLSv1.2") assert.equal(last.type, 21);
      else assert.ok(last.type === DATA && last.length <= 32, "padded, it is as short as this");
    });
  });

  describe(`Damage in ${version}`, { skip }, () => {
    const answer = [lines("HTTP/1.1 200 OK", `Content-Length: ${3 * BODY.length}`), BODY, BODY];
    const holding = async (connection) => {
      await connection.head();
      for (const part of answer) await connection.send(part);
      await connection.rest();
    };
    const broken = (expected, detail) =>
      brokenExchange("/", expected, "CONNECTION_ERROR", {
        ...https,
        length: 3 * BODY.length,
        headers: [`Content-Length: ${3 * BODY.length}`],
        detail,
      });

    /** The second record of the body is the one that something happens to. */
    const atSecond = (act) => {
      let count = 0;
      return {
        onRecord: (record, from, link) => {
          if (from !== "server" || !isBody(record) || ++count !== 2) return undefined;
          return act(record, link);
        },
      };
    };

    test("damaged_record_is_an_error_after_what_came_before", async (t) => {
      const server = await relay(t, await serve(t, holding), atSecond(corrupt));
      expectTranscript(await run(...get(server, trusting())), connected, broken(BODY, "…damaged…"));
    });

    test("alert_that_is_not_encrypted_is_an_error", async (t) => {
      const server = await relay(
        t,
        await serve(t, holding),
        atSecond(() => plainAlert(80)),
      );
      expectTranscript(await run(...get(server, trusting())), connected, broken(BODY, "…"));
    });

    test("record_that_is_sent_twice_is_an_error", async (t) => {
      const twice = atSecond((record) => Buffer.concat([record, record]));
      const server = await relay(t, await serve(t, holding), twice);
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^read: CONNECTION_ERROR: /m);
    });

    test("record_that_is_lost_is_an_error", async (t) => {
      const script = async (connection) => {
        await connection.head();
        for (const part of [...answer, BODY]) await connection.send(part);
        await connection.rest();
      };
      const server = await relay(
        t,
        await serve(t, script),
        atSecond(() => null),
      );
      expectTranscript(await run(...get(server, trusting())), connected, broken(BODY, "…"));
    });

    test("record_that_is_too_long_is_an_error", async (t) => {
      const long = Buffer.concat([Buffer.from([DATA, 3, 3, 0x48, 0]), pattern(0x4800)]);
      const server = await relay(
        t,
        await serve(t, holding),
        atSecond(() => long),
      );
      expectTranscript(await run(...get(server, trusting())), connected, broken(BODY, "…"));
    });

    test("reset_is_an_error", async (t) => {
      const cutting = atSecond((record, link) => {
        link.send.server(Buffer.alloc(0)).then(() => link.cut());
        return null;
      });
      const server = await relay(t, await serve(t, holding), cutting);
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^read: CONNECTION_ERROR: .*reset/m);
    });

    test("servers_alert_is_named", async (t) => {
      // The server is sent a record that it cannot read: it sends an alert, encrypted as is right.
      let once = false;
      const server = await relay(t, await serve(t, holding), {
        onRecord: (record, from, link) => {
          if (from === "server" && isBody(record) && !once) {
            once = true;
            link.send.client(Buffer.concat([Buffer.from([DATA, 3, 3, 0, 64]), pattern(64)]));
          }
        },
      });
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^read: CONNECTION_ERROR: .*alert.*(mac|record)/im);
    });

    test("damaged_request_is_answered_by_the_servers_alert", async (t) => {
      const server = await relay(t, await serve(t), {
        onRecord: (record, from) =>
          from === "client" && record[0] === DATA && contentLength(record) > 100
            ? corrupt(record)
            : undefined,
      });
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, /^poll: CONNECTION_ERROR: .*alert.*(mac|record)/im);
    });

    test("damaged_handshake_is_refused", async (t) => {
      const server = await relay(t, await serve(t), {
        onRecord: (record, from) =>
          from === "server" &&
          (record[0] === DATA || record[0] === HANDSHAKE) &&
          record.length > 200
            ? corrupt(record)
            : undefined,
      });
      const errors = ["TLS_HANDSHAKE", "TLS_CERTIFICATE", "CONNECTION_ERROR"];
      await expectRefused(server, [trusting()], errors);
    });
  });

  describe(`Sizes in ${version}`, { skip }, () => {
    test("body_in_records_of_one_byte_is_read", async (t) => {
      const body = pattern(300);
      const head = lines("HTTP/1.1 200 OK", "Content-Length: 300");
      const server = await relay(
        t,
        await serve(t, async (connection) => {
          await connection.head();
          await connection.send(head);
          for (const byte of body) await connection.send(Buffer.from([byte]));
          await connection.rest();
        }),
      );
      expectTranscript(
        await run(...get(server, trusting())),
        connected,
        got(body, { headers: ["Content-Length: 300"] }),
      );
      const small = server.links[0].records.server.filter(({ length }) => length < 40);
      assert.ok(small.length >= 300, "a record for each byte");
    });

    test("body_in_full_records_is_read", async (t) => {
      const body = pattern(1_000_000);
      const server = await relay(t, await serve(t, answerOnce(ok(body))));
      const transcript = await run(...get(server, trusting(), "into=262144"));
      assert.match(transcript, new RegExp(`^body ${digest(body)}$`, "m"));
      const full = server.links[0].records.server.filter(({ length }) => length > 16384);
      assert.ok(full.length > 50, "records of 16 KiB");
    });

    test("body_in_pieces_of_one_byte_on_the_wire_is_read", async (t) => {
      const server = await relay(t, await serve(t, answerOnce(ok(BODY))), { piece: 1 });
      const transcript = await run(...get(server, trusting()));
      assert.match(transcript, new RegExp(`^body ${digest(BODY)}$`, "m"));
    });

    for (const mode of ["polling", "blocking"]) {
      const options = mode === "blocking" ? ["blocking=1"] : [];

      test(`8_MB_are_read_${mode}`, async (t) => {
        const body = pattern(8_000_000);
        const server = await serve(t, async (connection) => {
          await connection.head();
          await connection.send(ok(body));
          await connection.rest();
        });
        expectTranscript(
          await run(...get(server, trusting(), ...options, "into=262144")),
          options.map(() => "set_blocking_mode: OK"),
          connected,
          got(body),
        );
      });

      test(`8_MB_are_sent_${mode}`, async (t) => {
        const body = pattern(8_000_000);
        let taken;
        const server = await serve(t, async (connection) => {
          const head = await connection.head();
          assert.match(head, /^Content-Length: 8000000\r$/m);
          taken = digest(await connection.bytes(body.length));
          await connection.send(ok("hello"));
          await connection.rest();
        });
        const post = ["POST", "/", `@${body.length}`];
        expectTranscript(
          await run("exchange", server, "tls=1", trusting(), ...options, ...post),
          options.map(() => "set_blocking_mode: OK"),
          connected,
          exchange("/", "hello", { ...https, sent: body.length }),
        );
        assert.equal(taken, digest(body));
      });
    }

    test("pieces_are_sent_and_an_echo_is_read_meanwhile", async (t) => {
      const server = await serve(t, async (connection) => {
        await connection.head();
        await connection.bytes(3_000_000);
        await connection.send(ok("hello"));
        await connection.head();
        await connection.send(ok("after"));
      });
      const transcript = await run(
        ...["upload", server, "tls=1", trusting(), 3_000_000, 100_000, 30],
      );
      assert.match(transcript, /^wrote 3000000$/m);
      assert.match(transcript, /^body 5 bytes "after"$/m);
    });
  });

  describe(`Connections in ${version}`, { skip }, () => {
    test("many_requests_go_over_one_connection", async (t) => {
      const server = await serve(t);
      const count = quick ? 20 : 300;
      const transcript = await run("keep_alive", server, "tls=1", trusting(), count);
      assert.equal(transcript.match(/^body 5 bytes "hello"$/gm).length, 2, transcript);
      assert.doesNotMatch(transcript, /ends in/);
      assert.equal(server.connections.length, 1);
    });

    test("each_step_of_blocking_mode_is_made", async (t) => {
      const server = await serve(t);
      expectTranscript(
        await run("exchange", server, "tls=1", trusting(), "blocking=1", "GET", "/", "-"),
        "set_blocking_mode: OK",
        connected,
        got(),
      );
    });

    test("handshake_that_stalls_runs_into_connect_ms", async (t) => {
      for (const blocking of [[], ["blocking=1"]]) {
        const target = await serve(t);
        const server = await relay(t, target, {
          onRecord: (_, from) => (from === "server" ? null : undefined),
        });
        const transcript = await run(...get(server, trusting(), "connect_ms=100", ...blocking));
        const call = blocking.length > 0 ? "connect_to_host" : "poll";
        const failure = `^${call}: TIMEOUT: .*100 ms.*connect_ms.*\\nstatus CANT_CONNECT\\n$`;
        assert.match(transcript, new RegExp(failure, "m"));
        await server.links[0].closed;
      }
    });

    test("handshake_that_stalls_halfway_runs_into_connect_ms", async (t) => {
      let count = 0;
      const server = await relay(t, await serve(t), {
        onRecord: (_, from) => (from === "server" && ++count > 1 ? null : undefined),
      });
      const transcript = await run(...get(server, trusting(), "connect_ms=100"));
      assert.match(transcript, /^poll: TIMEOUT: .*connect_ms.*\nstatus CANT_CONNECT\n$/m);
    });

    for (const how of ["close", "free", "connect"]) {
      test(`${how}_after_every_poll_of_a_handshake_cancels_it`, async (t) => {
        const target = await serve(t);
        // In pieces, so that there are many polls.
        const server = await relay(t, target, { piece: 100 });
        const transcript = await run("cancel_handshake", server, "tls=1", trusting(), how);
        const count = Number(/^cancelled (\d+) times\n/.exec(transcript)?.[1]);
        assert.ok(count >= 1, transcript); // how many more is for the network to say
        assert.match(transcript, /^then: OK\nstatus CONNECTED\n/m);
        assert.match(transcript, /^body 5 bytes "hello"$/m);
        await Promise.all(server.links.map(({ closed }) => closed)); // each of them is seen
      });
    }

    test("idle_connection_that_the_server_ends_is_noticed", async (t) => {
      const server = await serve(t, async (connection) => {
        const head = await connection.head();
        await connection.send(ok("hello"));
        if (head.startsWith("GET /end ")) {
          const [first] = server.connections;
          first.end();
          await first.closed;
          return;
        }
        await connection.head();
      });
      const transcript = await run("idle", server, "tls=1", trusting(), "end");
      assert.match(transcript, /^status DISCONNECTED$/m);
      assert.doesNotMatch(transcript, /CONNECTION_ERROR/);
      assert.match(transcript, /^request: UNCONFIGURED: /m);
    });

    test("no_allocation_that_fails_is_one_too_many", { skip: quick }, async (t) => {
      const server = await serve(t, async (connection) => {
        for (;;) {
          await connection.head();
          await connection.send(ok("hello"));
        }
      });
      const transcript = await run("allocations", server, "tls=1", trusting(), "get");
      assert.match(transcript, /^succeeded in the end: yes$/m);
      assert.match(
        transcript,
        /^without a sentence: 0\nother errors: 0\nunusable after close: 0\nleaked: 0\n$/m,
      );
    });
  });
}

describe("nginx with TLS", { skip: skip || (nginx ? false : "nginx is not installed") }, () => {
  test("large_file_and_keep-alive", async (t) => {
    const body = pattern(3_000_000);
    const certificate = fileOf(pemOf(...good().chain));
    const server = await startNginx(
      { "large.bin": body, "index.html": "hello" },
      `ssl_certificate ${certificate};
    ssl_certificate_key ${fileOf(good().key)};`,
      { tls: true },
    );
    t.after(() => server.stop());
    const options = ["tls=1", trusting(), "into=262144"];
    const two = ["GET", "/large.bin", "-", ",", "GET", "/index.html", "-"];
    const transcript = await run("exchange", server, ...options, ...two);
    assert.match(transcript, new RegExp(`^body ${digest(body)}$`, "m"));
    assert.match(transcript, /^body 5 bytes "hello"$/m);
    assert.equal(transcript.match(/^connect_to_host: OK$/gm).length, 1);
  });
});
