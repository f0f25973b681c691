// TypeScript cells as text: making them runnable, positions and marks in their source, completeness,
// completion and inspection. Runs nothing itself.
export { CellMap } from "./cell-map.ts";
export { type Completion, complete, inspectAt } from "./completion.ts";
export { type Completeness, isComplete } from "./is-complete.ts";
export { type InspectorSession, LiveValues } from "./live-values.ts";
export { looks } from "./looks.ts";
export { type KnownNames, NO_NAMES, NotebookNames } from "./notebook-names.ts";
export { plainSpecifier } from "./package-names.ts";
export * from "./positions.ts";
export { LINE_WORD, RUNTIME } from "./runtime-names.ts";
export { type COMMONJS_NAMES, isStandIn, standIn } from "./stand-ins.ts";
export { CellSyntaxError, misplacedMagic } from "./syntax-error.ts";
export { fileToJavaScript, type JavaScript, LEGACY_DECORATORS } from "./to-javascript.ts";
export { type CellCode, mapCell, transformCell } from "./transform.ts";
export { completeCell, inspectCell, type TypesPort } from "./typed-answers.ts";
