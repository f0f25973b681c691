// Lines that are no TypeScript, such as `%npm install d3`: the compiler sees blanks in their place.

/** Magics whose rest is code. */
const BEFORE_CODE = new Set(["time"]);
/** A line of this kind where a statement could begin; `a\n%b` has no space after its sign by chance only. */
const MAGIC = /^([ \t]*%%?)([a-zA-Z]\w*)(.*)$/gm;

/** The source with magics blanked out, each character for one, so that positions stay. */
export function maskMagics(source: string): string {
  if (!source.includes("%")) return source;
  return source.replace(MAGIC, (line: string, sign: string, name: string, rest: string) => {
    if (!BEFORE_CODE.has(name)) return " ".repeat(line.length);
    return " ".repeat(sign.length + name.length) + rest;
  });
}
