// Names of packages as Deno writes them in imports: `npm:@scope/name@1.2/part` and `jsr:…`.

/** Its name, the part. */
const PREFIXED = /^(?:npm|jsr):\/?((?:@[^/]+\/)?[^@/]+)(?:@[^/]*)?(\/.*)?$/;

/** The specifier of the package once it is installed: `@scope/name/part`. Others stay as they are. */
export function plainSpecifier(specifier: string): string {
  return specifier.replace(PREFIXED, "$1$2");
}
