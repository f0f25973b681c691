// Structs and lists: what is in them, by the path to its column.
import { CenoteError } from "../base/index.ts";
import { isInteger, isNested, pathTo, TYPES } from "../columns/index.ts";
import { convert, type Side, typedSide, wrongType } from "./kinds.ts";
import { literal } from "./literals.ts";
import { node, type Typed } from "./typed.ts";

/** A field of a struct. Throws WRONG_TYPE and UNKNOWN_FIELD. */
export function field(a: Typed, name: string, where: string): Typed {
  if (a.op !== "column" || a.type.kind !== "struct")
    throw wrongType(where, a, "a column of structs", "Only structs have fields.");
  const found = a.type.children!.find((child) => child.name === name);
  if (found) return node("column", found.type, [], { column: pathTo(a.column!, name) });
  const names = a.type.children!.map((child) => child.name).join(", ");
  throw new CenoteError(
    "UNKNOWN_FIELD",
    `${where}: ${a.type.name} has no field ${JSON.stringify(name)}`,
    {
      mend: `The fields are: ${names || "none"}.`,
    },
  );
}

/** An element of a list, null where there is none. Throws WRONG_TYPE and LITERAL_TYPE. */
export function element(left: Side, index: Side, where: string): Typed {
  const a = typedSide(left, where);
  if (a.op !== "column" || (a.type.kind !== "list" && a.type.kind !== "fixed"))
    throw wrongType(where, a, "a column of lists", "Only lists have elements.");
  const [item] = a.type.children!;
  if (isNested(item!.type))
    throw wrongType(
      where,
      a,
      "lists of plain values",
      "Lists of lists and of structs are carried.",
    );
  const at = "value" in index ? literal(index.value, TYPES.int32, where) : index.at;
  if (!isInteger(at.type) || at.type.temporal)
    throw wrongType(where, at, "an integer for the index", "The first element is .at(0).");
  const column = pathTo(a.column!, item!.name);
  return node("element", item!.type, [a, convert(at, TYPES.int32)], { column });
}

/** The number of elements of a list. */
export function listLength(a: Typed): Typed {
  return node("listLength", TYPES.int32, [a]);
}
