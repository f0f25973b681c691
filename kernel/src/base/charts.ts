// Specifications of Vega and Vega-Lite, by what they call their schema.

/** The newest versions that JupyterLab 4 has a renderer for; it draws most of what is newer with these. */
const NEWEST = { vega: 5, "vega-lite": 5 };

/** The MIME type by which a specification with this `$schema` is shown; undefined for other schemas. */
export function chartType(schema: unknown): string | undefined {
  if (typeof schema !== "string") return undefined;
  const found = /\/schema\/(vega|vega-lite)\/v(\d+)/.exec(schema);
  if (!found) return undefined;
  const kind = found[1] as keyof typeof NEWEST;
  const version = Math.min(Number(found[2]), NEWEST[kind]);
  return `application/vnd.${kind.replace("-", "")}.v${version}+json`;
}
