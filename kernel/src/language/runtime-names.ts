// Names of what the generated code of cells calls, and what looks at the notebook's values; the room `cells`
// puts them on the global object.

/**
 * An object with run, begin, result, wait, each, using, constant, copy, thrown, load, dynamicImport, meta, h,
 * Fragment, magic, time and timed, and with collect and describe of looks.ts.
 */
export const RUNTIME = "$cenote";
/** The word that attribution keeps the running line in. */
export const LINE_WORD = "$cenoteLine";
