// The connection file that Jupyter writes for a kernel: where to listen, and the key for signatures.
import { readFileSync } from "node:fs";
import { CenoteError } from "../base/index.ts";

export interface Connection {
  transport: string;
  ip: string;
  shell_port: number;
  control_port: number;
  iopub_port: number;
  stdin_port: number;
  hb_port: number;
  key: string;
  signature_scheme: string;
}

const PORTS = ["shell_port", "control_port", "iopub_port", "stdin_port", "hb_port"] as const;
export type Channel = "shell" | "control" | "iopub" | "stdin" | "hb";

/** Throws BAD_CONNECTION_FILE, saying what is missing. */
export function readConnection(file: string): Connection {
  let read: Partial<Connection>;
  try {
    read = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new CenoteError("BAD_CONNECTION_FILE", `cannot read the connection file ${file}`, {
      cause,
    });
  }
  for (const name of PORTS) {
    if (!Number.isInteger(read[name])) {
      throw new CenoteError("BAD_CONNECTION_FILE", `${file}: wanted a number for ${name}`);
    }
  }
  return {
    transport: "tcp",
    ip: "127.0.0.1",
    key: "",
    signature_scheme: "hmac-sha256",
    ...read,
  } as Connection;
}

/** The ZeroMQ address of a channel. With transport "ipc" the port is a suffix of the path. */
export function endpoint(connection: Connection, channel: Channel): string {
  const port = connection[`${channel}_port`];
  return connection.transport === "ipc"
    ? `ipc://${connection.ip}-${port}`
    : `${connection.transport}://${connection.ip}:${port}`;
}
