// What is told in a corner of the page. One notice at a time: the corner is over the panel's own lower part.
// Errors stay beside it, since they have to be read.
import { Notification } from "@jupyterlab/apputils";

/** How long something is told. */
const SHORTLY = { autoClose: 6000 } as const;
/** Long enough to read what is wrong; JupyterLab's list of notifications keeps it. */
const LONGER = { autoClose: 15_000 } as const;

let last: string | undefined;

/** Tells it in place of what was told before. */
export function tell(kind: "success" | "info" | "warning", text: string): void {
  if (last !== undefined) Notification.dismiss(last);
  last = Notification.emit(text, kind, SHORTLY);
}

/** Tells what is wrong. */
export function tellError(text: string): void {
  Notification.error(text, LONGER);
}
