// The import rule of the rooms (docs/architecture.md), as a table: a room may import those named and no other.
const ROOMS = {
  base: [],
  pool: ["base"],
  gpu: ["base", "pool"],
  columns: ["base", "pool", "gpu"],
  compute: ["base", "pool", "gpu", "columns"],
  exchange: ["base"],
  browse: ["base", "exchange"],
  api: ["base", "pool", "gpu", "columns", "compute", "exchange"],
  language: ["base"],
  cells: ["base", "language", "api", "browse"],
  wire: ["base"],
  monitor: ["base"],
  cli: ["base", "pool", "gpu", "exchange"],
};
const room = (name) => `^kernel/src/${name}/`;
const forbidden = Object.entries(ROOMS).flatMap(([name, allowed]) => [
  {
    name: `${name}-imports`,
    comment: `${name} may import ${allowed.join(", ") || "nothing"} of the rooms`,
    severity: "error",
    from: { path: room(name) },
    to: { path: "^kernel/src/", pathNot: [name, ...allowed].map(room) },
  },
  {
    name: `${name}-surface`,
    comment: `${name} is entered by its index.ts`,
    severity: "error",
    from: { path: "^kernel/src/", pathNot: room(name) },
    to: { path: room(name), pathNot: `${room(name)}index\\.ts$` },
  },
]);
forbidden.push(
  { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
  {
    name: "extension-takes-types-of-base",
    severity: "error",
    from: { path: "^extension/src/" },
    to: { path: "^kernel/src/", pathNot: "^kernel/src/base/" },
  },
);
module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".js", ".mjs", ".json"] },
  },
};
