// Entry of the types thread: answers the wire thread's requests, urgent ones first.
import { parentPort, workerData } from "node:worker_threads";
import type { TypeService, TypesAnswer, TypesRequest, TypesThreadData } from "../../base/index.ts";
import { Cancelled, TypeScriptService } from "./index.ts";
import { mayName, SharedNames } from "./shared-names.ts";

const { folder, api, urgent } = workerData as TypesThreadData;
const waiting = new Int32Array(urgent);
const port = parentPort!;
const PRACTICE_STEPS = 150;
const PRACTICE_MS = 5;
/** After a request others may follow, which must not wait. */
const QUIET_MS = 300;
let lastRequest = 0;

/** Checks make way for requests that somebody waits for. */
let checking = false;
const service: TypeService = new TypeScriptService({
  folder,
  api,
  cancelled: () => checking && Atomics.load(waiting, 0) > 0,
});

const sharedNames = new SharedNames((names) => service.share(names));

port.on("message", (request: TypesRequest) => {
  lastRequest = performance.now();
  const named = request.type === "complete" && mayName(textBefore(request));
  if (named) void sharedNames.ask().then(() => reply(request));
  else reply(request);
});

const textBefore = ({ code, cursor }: { code: string; cursor: number }) =>
  [...code].slice(0, cursor).join("");

function reply(request: TypesRequest): void {
  try {
    const value = answer(request);
    if (value !== undefined) port.postMessage({ serial: request.serial, value } as TypesAnswer);
  } catch (error) {
    if (error instanceof Cancelled) {
      // After what is in the queue now.
      setImmediate(() => port.emit("message", request));
      return;
    }
    const text = String((error as Error)?.stack ?? error);
    port.postMessage({ serial: request.serial, error: text } as TypesAnswer);
  }
}

function answer(request: TypesRequest): unknown {
  switch (request.type) {
    case "warm":
      return warm();
    case "add":
      for (const cell of request.cells) service.add(cell);
      return undefined;
    case "packages":
      return service.packagesChanged();
    case "complete":
      return urgently(() => service.complete(request.code, request.cursor));
    case "inspect":
      return urgently(() => service.inspect(request.code, request.cursor) ?? null);
    case "try":
      return urgently(() => service.tryCell(request.cell, request.living));
    case "check":
      if (Atomics.load(waiting, 0) > 0) throw new Cancelled();
      checking = true;
      try {
        return service.check(request.ids, request.living);
      } finally {
        checking = false;
      }
  }
}

function urgently<T>(work: () => T): T {
  Atomics.sub(waiting, 0, 1);
  return work();
}

/** Reads the libraries and lets the compiler's own code be compiled. */
function warm(): true {
  for (const code of ["JSON.par", "[1].map((x) => x.toFix", "process.en"]) {
    service.complete(code, code.length);
    service.inspect(code, code.length);
  }
  const code = "const warm: number[] = [1, 2].map((x) => x * 2); console.log(warm);";
  service.tryCell({ id: -1, executionCount: 0, code }, []);
  setTimeout(practise, PRACTICE_MS, PRACTICE_STEPS);
  return true;
}

/** Asks what is asked while somebody types, until V8 has compiled that well. */
function practise(left: number): void {
  const quiet = performance.now() - lastRequest - QUIET_MS;
  if (quiet < 0) {
    setTimeout(practise, -quiet, left);
    return;
  }
  const code = `const practice = [${left}].map((x) => x + ${left});\nJSON.par`;
  if (left % 2 === 0) service.complete(code, code.length);
  else service.inspect(code, code.length);
  if (left > 0) setTimeout(practise, PRACTICE_MS, left - 1);
}
