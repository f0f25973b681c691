// Sends what a plain `socket.write` does not: a descriptor with a frame, and bytes too many for one write.
import type { Socket } from "node:net";
import { native } from "./native.ts";

const SLICE = 1024 * 1024;
const RETRY_MS = 5;

/** The descriptor of a connected socket; Node has no documented way to it. */
export function socketDescriptor(socket: Socket): number | undefined {
  const handle = (socket as unknown as { _handle?: { fd?: unknown } })._handle;
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

/** Sends a frame, its first byte with a descriptor, after all that was written before. */
export function sendWithDescriptor(socket: Socket, frame: Buffer, fd: number): void {
  const attempt = () => {
    const descriptor = socketDescriptor(socket);
    if (socket.destroyed || descriptor === undefined) return void socket.destroy();
    try {
      const sent = native()!.sendDescriptor(descriptor, frame, fd);
      if (sent < 0) setTimeout(attempt, RETRY_MS);
      else if (sent < frame.length) socket.write(frame.subarray(sent));
    } catch {
      socket.destroy(); // the peer has gone, or the arena was dropped while it did not read
    }
  };
  socket.write(new Uint8Array(0), attempt);
}

/** Sends bytes slice by slice, as the peer takes them. */
export function sendBytes(socket: Socket, bytes: Uint8Array): void {
  let at = 0;
  const next = (error?: Error | null) => {
    if (error || socket.destroyed || at >= bytes.length) return;
    const slice = bytes.subarray(at, at + SLICE);
    at += slice.length;
    socket.write(slice, next);
  };
  next();
}
