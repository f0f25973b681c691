// A clock. Not `performance`, which Node loads when it is first read: that takes milliseconds of a thread's start.

/** Milliseconds since some moment; only differences mean something. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
