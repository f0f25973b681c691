// process.stdin of cells: what the user types, line by line. A frontend shows a field for one line when the
// kernel asks for it, so a line is asked for only while somebody wants one: a question of node:readline, a
// listener for its lines, or whoever reads the stream itself (readline.ts tells of the first two).
import { syncBuiltinESMExports } from "node:module";
import { Readable } from "node:stream";
import { cancelQuestion, type LineReader, watchReadline } from "./readline.ts";

export interface StdinHost {
  /** Asks the user for a line. */
  ask(prompt: string): Promise<string>;
  /** The running cell ends no sooner than this, unless it fails: then the question is given up. */
  hold(asking: Promise<void>): void;
}

type Listener = (...given: never[]) => void;

const immediate = setImmediate;
const nextTurn = () => new Promise((resolve) => immediate(resolve));
const isCalledByReadline = () => String(new Error().stack).includes("node:internal/readline/");

class Lines extends Readable {
  readonly fd = 0;
  readonly isTTY = false;
  readonly #host: StdinHost;
  /** What the next line is asked for with, where somebody has asked for it, and who has. */
  #prompt: { text: string; reader: LineReader } | undefined;
  /** Those of readline that have had listeners for lines, until they are closed; with what hears of that. */
  readonly #lineReaders = new Map<LineReader, () => void>();
  /** Readline listens to the stream whether or not anybody wants a line of it. */
  readonly #ofReadline = new WeakSet<Listener>();
  /** The asking that goes on. */
  #asking: symbol | undefined;

  constructor(host: StdinHost) {
    super({ highWaterMark: 1 });
    this.#host = host;
  }

  /** Nothing keeps the kernel waiting for it anyway; programs call these. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** No answer is waited for any more, and of the readers that listen for lines none counts until it listens anew. */
  giveUp(): void {
    if (this.#prompt) cancelQuestion(this.#prompt.reader);
    this.#asking = this.#prompt = undefined;
    for (const [reader, forget] of this.#lineReaders) reader.off("close", forget);
    this.#lineReaders.clear();
    if (this.#hasReaders("readable")) this.destroy(); // a loop, which would wait for ever
  }

  /** The next line is wanted, after this text. */
  prompt(text: string, reader: LineReader): void {
    this.#prompt = { text, reader };
    this.resume(); // another reader's end may have paused it
  }

  /** Lines are wanted as long as it listens. */
  serve(reader: LineReader): void {
    if (!this.#lineReaders.has(reader)) {
      const forget = () => this.#lineReaders.delete(reader);
      this.#lineReaders.set(reader, forget);
      reader.once("close", forget);
    }
    this.#begin();
  }

  override on(event: string | symbol, listener: Listener): this {
    const isFirst = !this.#hasReaders(event);
    super.on(event, listener as (...given: unknown[]) => void);
    if (event !== "data" && event !== "readable") return this;
    if (isCalledByReadline()) this.#ofReadline.add(listener);
    // As for a prompt.
    else if (event === "data" && isFirst) this.resume();
    else this.#begin();
    return this;
  }

  override resume(): this {
    super.resume();
    this.#begin();
    return this;
  }

  override _read(): void {
    this.#begin();
  }

  /** A loop that is left aborts the stream, which is no news to those who read it besides. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error?.name === "AbortError" ? null : error);
    syncBuiltinESMExports(); // `import { stdin } from "node:process"` gets the next one
  }

  #begin(): void {
    if (this.#asking || !this.#isWanted()) return;
    this.#asking = Symbol("asking");
    this.#host.hold(this.#askWhileWanted(this.#asking));
  }

  async #askWhileWanted(asking: symbol): Promise<void> {
    const isOn = () => this.#asking === asking && this.#isWanted();
    try {
      // Who has its line often closes the stream then, or asks anew.
      for (await nextTurn(); isOn(); await nextTurn()) {
        const line = await this.#host.ask(this.#prompt?.text ?? "");
        if (!isOn()) continue; // given up meanwhile, it is nobody's
        this.#prompt = undefined;
        this.push(Buffer.from(`${line}\n`));
      }
    } catch (error) {
      this.destroy(error as Error);
      await nextTurn(); // the error has been heard
    }
    if (this.#asking === asking) this.#asking = undefined;
  }

  #isWanted(): boolean {
    if (this.destroyed || this.readableLength > 0) return false;
    if (this.#hasReaders("readable")) return true;
    if (this.readableFlowing === false) return false; // paused
    if (this.#prompt !== undefined || this.#hasReaders("data")) return true;
    return [...this.#lineReaders.keys()].some((one) => one.listenerCount("line") > 0);
  }

  #hasReaders(event: string | symbol): boolean {
    return this.listeners(event).some((one) => !this.#ofReadline.has(one as Listener));
  }
}

/** Returns what gives up the question that is open, as the cell has ended that asks it. */
export function installStdin(host: StdinHost): () => void {
  let lines: Lines | undefined;
  const get = () => {
    if (!lines) watchReadline((input) => (input === lines ? lines : undefined));
    if (!lines || lines.destroyed) lines = new Lines(host);
    return lines;
  };
  Object.defineProperty(process, "stdin", { configurable: true, get });
  return () => lines?.giveUp();
}
