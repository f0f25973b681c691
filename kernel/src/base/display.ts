// Rich output, as a sink that the kernel connects: `display()` in the API works in a cell, and prints
// plain text where no kernel is connected.

/** Rich output by MIME type, as Jupyter's display_data has it. */
export type MimeBundle = Record<string, unknown>;

export interface DisplayRequest {
  data: MimeBundle;
  metadata: Record<string, unknown>;
  /** Names the output, so that it can be replaced. */
  displayId?: string;
  /** Replace the output with this displayId instead of adding one. */
  update?: boolean;
}

/** What a value looks like, before it is shown. */
export interface Formatted {
  data: MimeBundle;
  metadata: Record<string, unknown>;
}

/** An object with a method of this name says how it is shown; it returns a MimeBundle or a promise of one. */
export const DISPLAY = Symbol.for("Jupyter.display");

let sink: (request: DisplayRequest) => void = (request) => {
  console.log(request.data["text/plain"] ?? request.data);
};

export function connectDisplay(to: (request: DisplayRequest) => void): void {
  sink = to;
}

export function publishDisplay(request: DisplayRequest): void {
  sink(request);
}

type Formatter = (value: unknown) => Formatted | Promise<Formatted>;

let formatter: Formatter = (value) => ({ data: { "text/plain": String(value) }, metadata: {} });

export function connectFormatter(to: Formatter): void {
  formatter = to;
}

/** The rich forms of any value, as a cell's result would show it; a promise where the value's own is one. */
export function formatForDisplay(value: unknown): Formatted | Promise<Formatted> {
  return formatter(value);
}

/** What else a cell can ask of the place where its output goes. */
export interface Outputs {
  /** Clears the cell's output, at once or when the next output comes. */
  clear(wait: boolean): void;
  /** Shows a value in the frontend's pager, beside the notebook. */
  page(formatted: Formatted): void;
}

let outputs: Outputs = {
  clear() {},
  page: ({ data }) => console.log(data["text/plain"] ?? data),
};

export function connectOutputs(to: Outputs): void {
  outputs = to;
}

export const clearOutput = (wait: boolean): void => outputs.clear(wait);
export const showInPager = (formatted: Formatted): void => outputs.page(formatted);
