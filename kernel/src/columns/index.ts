// Columns: Arrow tables in the pool and back. Layouts are described in layout.ts.

export { arrowLibrary, arrowType } from "./arrow.ts";
export { isNarrow, knownAmong } from "./bounds.ts";
export {
  arrayOf,
  comparator,
  compareSortables,
  entriesOf,
  type HostChunk,
  type HostColumn,
  hostChunk,
  locator,
  type Sortable,
  sortables,
} from "./host.ts";
export { hostBatches, hostColumns, hostTable } from "./host-table.ts";
export {
  ALIGN,
  bitmapBytes,
  firstBytes,
  type Layout,
  layoutOf,
  MAX_CHUNK_ROWS,
  rowsWithin,
} from "./layout.ts";
export { type ProducedRows, produceRows } from "./produce.ts";
export { readTable } from "./read.ts";
export {
  type Column,
  type ColumnChunk,
  type ColumnFacts,
  ColumnStore,
  pathTo,
  stepsOf,
  withChildren,
} from "./store.ts";
export { nullable, nullRows, take, valid, within, withNullRow } from "./taken.ts";
export {
  type ColumnType,
  decimalType,
  durationType,
  isFloat,
  isInteger,
  isNested,
  isPlain,
  isText,
  isUtf8,
  type Kind,
  LARGE_UTF8,
  type TimeUnit,
  TYPES,
  type TypeName,
  timestampType,
  typeNamed,
  UTF8,
} from "./types.ts";
export { checkTable, type UploadOptions, uploadTable } from "./upload.ts";
