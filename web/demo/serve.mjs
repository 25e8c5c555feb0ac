// SPDX-License-Identifier: MIT
// serve: serves the demo page until it is interrupted.
// usage: node web/demo/serve.mjs [--port N] [--second-port N] [--host ADDRESS]
import { parseArgs } from "node:util";
import { startDemoServer } from "./server.mjs";

const USAGE = `usage: ./dev serve [--port N] [--second-port N] [--host ADDRESS]

  --port N         where the page is; 8080 by default, 0: any that is free
  --second-port N  the second origin, for CORS; any that is free by default
  --host ADDRESS   127.0.0.1 by default; 0.0.0.0 lets a phone in the same network in
`;

function toPort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`"${text}" is no port`);
  return port;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8080" },
      "second-port": { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    help: values.help,
    server: {
      port: toPort(values.port),
      secondPort: toPort(values["second-port"]),
      host: values.host,
    },
  };
}

let options;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

try {
  const server = await startDemoServer(options.server);
  console.log(`The demo is at ${server.url} (interrupt to stop)`);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      server.close();
      process.exit(0);
    });
  }
} catch (error) {
  console.error(
    error.code === "EADDRINUSE"
      ? `Port ${options.server.port} is taken; --port 0 takes one that is free.`
      : `The server did not start: ${error.message}`,
  );
  process.exit(1);
}
