// The choice of what the tables are about: live blocks, the peak, since a mark, a stretch of time, a change.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { PoolModel } from "../model/pool-model.ts";
import type { Snapshot, Subject } from "../model/sources.ts";
import { clock } from "./dom.ts";
import { choice, setOptions } from "./menu.ts";

export class SubjectChoice {
  readonly node: HTMLSelectElement;
  readonly #trans: TranslationBundle;

  constructor(trans: TranslationBundle, chosen: () => void) {
    this.#trans = trans;
    const first = [["live", trans.__("Live now")]] as const;
    this.node = choice(trans.__("What the table is about"), first, chosen);
  }

  get subject(): Subject {
    const [kind, first, second] = this.node.value.split(" ");
    if (kind === "mark") return { kind, time: Number(first) };
    if (kind === "change") {
      return { kind, from: Number(first), to: second === undefined ? undefined : Number(second) };
    }
    return { kind: kind === "peak" || kind === "stretch" ? kind : "live" };
  }

  set subject(subject: Subject) {
    this.node.value = valueFor(subject);
  }

  /** Offers what there is now; a choice that there is no more becomes the first. */
  offer({ marks }: PoolModel, kept: readonly Snapshot[], hasStretch: boolean): void {
    const trans = this.#trans;
    const options: [Subject, string][] = [
      [{ kind: "live" }, trans.__("Live now")],
      [{ kind: "peak" }, trans.__("At the peak")],
    ];
    if (hasStretch) options.push([{ kind: "stretch" }, trans.__("Allocated in view, not freed")]);
    for (const { name, time } of marks) {
      options.push([{ kind: "mark", time }, trans.__("Since “%1”, not freed", name)]);
    }
    for (const [i, { number, time }] of kept.entries()) {
      options.push([
        { kind: "change", from: number, to: undefined },
        trans.__("Since snapshot %1 (%2)", number, clock(time)),
      ]);
      const next = kept[i + 1];
      if (!next) continue;
      options.push([
        { kind: "change", from: number, to: next.number },
        trans.__("From snapshot %1 to %2", number, next.number),
      ]);
    }
    setOptions(
      this.node,
      options.map(([subject, text]) => [valueFor(subject), text]),
    );
  }
}

function valueFor(subject: Subject): string {
  if (subject.kind === "mark") return `mark ${subject.time}`;
  if (subject.kind !== "change") return subject.kind;
  const { from, to } = subject;
  return to === undefined ? `change ${from}` : `change ${from} ${to}`;
}
