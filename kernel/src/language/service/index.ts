// Types, completion and inspection by TypeScript. Apart from language/index.ts, because the compiler is
// large and lives in a thread of its own.
export { Cancelled, TypeScriptService } from "./typescript-service.ts";
