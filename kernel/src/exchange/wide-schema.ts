// apache-arrow merges the columns of a schema into itself for each batch that it makes, and compares the names of all
// with each other for that: a table of 100,000 columns takes minutes. Columns that share a name it mixes up.
import type * as Arrow from "apache-arrow";

/** The schema, which takes its own columns as they are. */
export function takingOwnColumns(arrow: typeof Arrow, schema: Arrow.Schema): Arrow.Schema {
  const assign = (...given: Parameters<Arrow.Schema["assign"]>): Arrow.Schema => {
    const [fields] = given as unknown[];
    return Array.isArray(fields) && areNamed(fields, schema.fields)
      ? new arrow.Schema(fields, schema.metadata, schema.dictionaries)
      : arrow.Schema.prototype.assign.apply(schema, given);
  };
  return Object.defineProperty(schema, "assign", { value: assign, configurable: true });
}

function areNamed(fields: Arrow.Field[], like: readonly Arrow.Field[]): boolean {
  return fields.length === like.length && fields.every(({ name }, i) => name === like[i]!.name);
}
