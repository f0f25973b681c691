// Cells may change the built-ins of their thread, which is the kernel's thread too: `JSON.stringify = …`,
// a setter on Object.prototype, `globalThis.Map = …`. The kernel's own code runs with the built-ins as they
// were when it started: they are put back while it runs, and the notebook's changes after it. Looking for
// changes takes a tenth of a millisecond, so it is done before and after each cell only once some code has
// looked as if it could make any, or has been found to have made some.
const { defineProperty, deleteProperty, getOwnPropertyDescriptor, ownKeys, setPrototypeOf } =
  Reflect;

/** `method` as a function of its receiver, whatever becomes of the prototypes. */
export function uncurry<T, A extends unknown[], R>(
  method: (this: T, ...args: A) => R,
): (self: T, ...args: A) => R {
  return Function.prototype.call.bind(method) as (self: T, ...args: A) => R;
}

/** `await` doesn't look at a promise's `then`; nor does what stands for it. */
export const follow = uncurry(Promise.prototype.then) as <T>(
  promise: Promise<T>,
  done: (value: T) => unknown,
  failed: (reason: unknown) => unknown,
) => Promise<unknown>;

const has = uncurry(Set.prototype.has);
const prototypeOf = (value: unknown): object => Object.getPrototypeOf(value);

/** Whose properties the kernel and what it is made with call. */
const OBJECTS: object[] = [
  ...[Object, Array, JSON, Math, Promise, Reflect, Atomics, Buffer, Error, Date, Number, Symbol],
  ...[Object, Array, String, RegExp, Function, Promise, Map, Set, WeakMap, Error].map(
    ({ prototype }) => prototype as object,
  ),
  ...[TextEncoder, TextDecoder, prototypeOf(Uint8Array) as typeof Uint8Array].map(
    ({ prototype }) => prototype as object,
  ),
  ...[
    [].values(),
    new Map().keys(),
    new Set().keys(),
    ""[Symbol.iterator](),
    "".matchAll(/x/g),
  ].map(prototypeOf),
  prototypeOf(prototypeOf((function* () {})())),
  prototypeOf(prototypeOf([].values())),
];
const GLOBALS = (
  "Object Array JSON Math Promise Reflect Atomics Buffer Error Date Number Symbol String RegExp Function Map " +
  "Set WeakMap WeakSet WeakRef Proxy BigInt Boolean TypeError SyntaxError URL TextEncoder TextDecoder Uint8Array " +
  "Int32Array Uint32Array DataView ArrayBuffer SharedArrayBuffer AsyncDisposableStack process setTimeout " +
  "clearTimeout setImmediate queueMicrotask"
).split(" ");
/** Any property more on these changes what plain objects, arrays, bytes and stacks are. */
const CLOSED: object[] = [Object.prototype, Array.prototype, Uint8Array.prototype, Error];
/** What users may set, and what throws when it is read. */
const FREE = new Set<PropertyKey>([
  "stackTraceLimit",
  "caller",
  "arguments",
  "length",
  "name",
  "NaN",
]);

interface Property {
  object: Record<PropertyKey, unknown>;
  key: PropertyKey;
  descriptor: PropertyDescriptor;
}

interface Change extends Property {
  theirs: PropertyDescriptor | undefined;
  next: Change | undefined;
}

// Node has some of its globals behind a setter, where a change can't be seen.
for (const name of GLOBALS) {
  const value = (globalThis as Record<string, unknown>)[name];
  defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

const properties: Property[] = [
  ...OBJECTS.flatMap((object) => ownKeys(object).map((key) => property(object, key))),
  ...GLOBALS.map((name) => property(globalThis, name)),
  ...["toString", "writeUInt32LE"].map((name) => property(Buffer.prototype, name)),
].filter(({ key }) => !FREE.has(key));
const values = properties.filter(({ descriptor }) => "value" in descriptor);
const getters = properties.filter(({ descriptor }) => !("value" in descriptor));
const keysOfClosed = CLOSED.map((object) => new Set(ownKeys(object)));
const sizes = CLOSED.map((object) => ownKeys(object).length);
const areValues = valueCheck();

function property(object: object, key: PropertyKey): Property {
  const descriptor = getOwnPropertyDescriptor(object, key)!;
  setPrototypeOf(descriptor, null); // or it would inherit what cells put on Object.prototype
  return { object: object as Property["object"], key, descriptor };
}

/**
 * The function that tells whether all values are what they were. Written out property by property, it takes
 * a quarter of the time that a loop would; it runs twice a cell.
 */
function valueCheck(): () => boolean {
  const objects = [...new Set(values.map(({ object }) => object))];
  const checks = values.map(({ object, key }, i) => {
    const at = typeof key === "string" ? JSON.stringify(key) : `values[${i}].key`;
    return `o${objects.indexOf(object)}[${at}] === values[${i}].descriptor.value`;
  });
  const names = objects.map((_, i) => `const o${i} = objects[${i}];`);
  const body = `${names.join(" ")} return () => ${checks.join(" &&\n")};`;
  return new Function("values", "objects", body)(values, objects) as () => boolean;
}

let inside = false;
let isWatching = false;
let isLooking = false;

/** Code that can change built-ins names one to assign to it or to hand it on, or reaches it in these ways. */
const MAY_CHANGE = new RegExp(
  `\\b(?:${GLOBALS.join("|")})\\b(?:\\s*\\.\\s*\\w+\\s*=(?!=)|\\s*\\[|(?!\\s*[.(<]))|` +
    "\\b(?:prototype|__proto__|constructor|globalThis|global|eval)\\b|etPrototypeOf|defineProp|\\bFunction\\(",
);
const test = uncurry(RegExp.prototype.test) as (pattern: RegExp, text: string) => boolean;
/** After a cell, for what packages have changed. */
const LOOK_MS = 50;

/** Code of the user's that is about to run. */
export function watchFor(source: string): void {
  isWatching ||= test(MAY_CHANGE, source);
}

/** A cell has ended. */
export function lookLater(): void {
  if (isWatching || isLooking) return;
  isLooking = true;
  later(() => {
    isLooking = false;
    isWatching ||= findChanges() !== undefined;
  }, LOOK_MS).unref();
}

const later = setTimeout;

/** For the begin of a turn of the event loop: code that was terminated has left no trace then. */
export function outsideIntrinsics(): void {
  inside = false;
}

/**
 * Runs the kernel's own code with the built-ins as they were. Code that is terminated within leaves them
 * so. Properties that can't be configured any more stay as the notebook made them.
 */
export function withIntrinsics<T>(body: () => T): T {
  if (inside) return body();
  return isWatching ? between(body) : unwatched(body);
}

/** What fails may fail of a change that nobody has seen. */
function unwatched<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    isWatching ||= findChanges() !== undefined;
    throw error;
  }
}

function between<T>(body: () => T): T {
  const changes = findChanges();
  inside = true;
  for (let one = changes; one; one = one.next) put(one, one.descriptor);
  try {
    return body();
  } finally {
    for (let one = changes; one; one = one.next) put(one, one.theirs);
    inside = false;
  }
}

/**
 * Runs a generator to its end, as an async function that awaits what the generator yields; the kernel's
 * built-ins are there in each stretch.
 */
export async function inStretches(steps: Generator<unknown, void, unknown>): Promise<void> {
  let step = withIntrinsics(() => steps.next());
  while (!step.done) {
    let next: () => IteratorResult<unknown, void>;
    try {
      const value = await step.value;
      next = () => steps.next(value);
    } catch (error) {
      next = () => steps.throw(error);
    }
    step = withIntrinsics(next);
  }
}

/** No array methods in here, nor iteration: they may be what was changed. */
function findChanges(): Change | undefined {
  let changes: Change | undefined;
  const note = (of: Property) => {
    const { object, key, descriptor } = of;
    changes = { object, key, descriptor, theirs: current(of), next: changes };
  };
  if (!valuesHold()) {
    for (let i = 0; i < values.length; i++) {
      const one = values[i]!;
      if (current(one)?.value !== one.descriptor.value) note(one);
    }
  }
  for (let i = 0; i < getters.length; i++) {
    const one = getters[i]!;
    if (current(one)?.get !== one.descriptor.get) note(one);
  }
  for (let i = 0; i < CLOSED.length; i++) {
    const object = CLOSED[i] as Property["object"];
    const keys = ownKeys(object);
    if (keys.length === sizes[i]) continue;
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k]!;
      if (!has(keysOfClosed[i]!, key)) note({ object, key, descriptor: NOTHING });
    }
  }
  return changes;
}

/** The descriptor of what wasn't there. */
const NOTHING: PropertyDescriptor = {};

function valuesHold(): boolean {
  try {
    return areValues();
  } catch {
    return false; // a getter that throws
  }
}

function current({ object, key }: Property): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(object, key);
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}

function put({ object, key }: Property, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor && descriptor !== NOTHING) defineProperty(object, key, descriptor);
  else deleteProperty(object, key);
}
