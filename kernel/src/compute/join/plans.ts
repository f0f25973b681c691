// Joins as plans: the columns that come of them.
import { CenoteError } from "../../base/index.ts";
import { isUtf8 } from "../../columns/index.ts";
import { fillNull } from "../choices.ts";
import { optionsOf } from "../given.ts";
import { convert, isNumber } from "../kinds.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { unlimited } from "../sources.ts";
import type { Typed } from "../typed.ts";
import { type JoinOptions, joinKeys, type TypedJoinKey } from "./keys.ts";
import { JoinSource, type RightColumn } from "./sources.ts";

/** The join of two plans. Throws as joinKeys does, and SAME_NAME. */
export function joined(ours: Plan, theirs: Plan, options: JoinOptions): Plan {
  const { how = "inner", suffix = "_right" } = optionsOf(options, "join(other, options)");
  // What a limit leaves is there before keys are compared.
  const [left, right] = [how === "full" ? unlimited(ours) : ours, unlimited(theirs)];
  const keys = joinKeys(left, right, options);
  if (how === "full") return fullyJoined(left, right, keys, suffix);
  const isKey = (from: string, at: Typed) =>
    keys.some(({ name, right: key }) => name === from || key.key === at.key);
  const columns = how === "semi" || how === "anti" ? [] : rightColumns(left, right, isKey, suffix);
  return wholeOf(new JoinSource(left, right, keys, how, columns));
}

// A key of one name is one column, with the value of the side that has a row; other keys are columns of both sides.
function fullyJoined(left: Plan, right: Plan, keys: readonly TypedJoinKey[], suffix: string): Plan {
  const chosen = keys.filter(
    ({ name, left: at, narrower }) => name !== undefined && isChosen(at) && !narrower,
  );
  const named = [...new Map(chosen.map((key) => [key.name, key])).values()];
  const isKey = (from: string) => named.some(({ name }) => name === from);
  const hidden = (name: string) => `\u0001right ${name}`;
  const columns = [
    ...rightColumns(left, right, isKey, suffix),
    ...named.map(({ name: from }): RightColumn => {
      return { name: hidden(from!), from: from!, type: right.columns.get(from!)!.type };
    }),
  ];
  const whole = wholeOf(new JoinSource(left, right, keys, "full", columns));
  const shown = new Map(whole.columns);
  for (const { name, left: at } of named) {
    const [ours, theirs] = [name!, hidden(name!)].map((side) => shown.get(side)!);
    // Numbers of two types are compared as a third one, which is the column's.
    const sides = [ours!, theirs!].map((side) => ({
      at: isNumber(at.type) || at.type.kind === "decimal" ? convert(side, at.type) : side,
    }));
    shown.set(name!, fillNull(sides[0]!, sides[1]!, `join on ${name}`));
    shown.delete(hidden(name!));
  }
  return { ...whole, columns: shown };
}

/** Whether one of two such values can be chosen row by row: not of two dictionaries of other things than text. */
const isChosen = ({ type }: Typed) => type.kind !== "code" || isUtf8(type);

// A key's column of the right table equals the left one and is left out.
function rightColumns(
  left: Plan,
  right: Plan,
  isKey: (name: string, at: Typed) => boolean,
  suffix: string,
): RightColumn[] {
  const names = new Set(left.columns.keys());
  return [...right.columns].flatMap(([from, at]) => {
    if (isKey(from, at)) return [];
    const name = left.columns.has(from) ? from + suffix : from;
    if (names.has(name)) {
      throw new CenoteError("SAME_NAME", `join: two columns would be named "${name}"`, {
        mend: 'Give another suffix: { suffix: "_other" }.',
      });
    }
    names.add(name);
    return [{ name, from, type: at.type }];
  });
}
