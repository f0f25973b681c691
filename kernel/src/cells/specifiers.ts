// What cells and files of the user's ask for by name: the ways in which others write the name of a package,
// and what to do about one that is not there.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Deno's `npm:@scope/name@1.2/part` and `jsr:…`: where it is from, its name, the part. */
const PREFIXED = /^(npm|jsr):\/?((?:@[^/]+\/)?[^@/]+)(?:@[^/]*)?(\/.*)?$/;

/** As the package is called once it is installed: `@scope/name/part`. */
export function plainSpecifier(specifier: string): string {
  if (/^https?:/.test(specifier)) {
    throw new Error(
      `Modules aren't imported over the network, found "${specifier}". ` +
        "Install the package with %npm install, and import it by its name.",
    );
  }
  return specifier.replace(PREFIXED, "$2$3");
}

/** `importer`: the path that cells import as. There is no such file, so no message should name it. */
export function explainMissing(error: unknown, specifier: string, importer: string): unknown {
  if (!(error instanceof Error)) return error;
  const message = /^Cannot find (?:package|module '[^/.])/.test(error.message)
    ? `Cannot find the package "${nameOf(specifier)}". ${mendFor(specifier, dirname(importer))}`
    : error.message
        .replace(` imported from ${importer}`, "")
        .replace(`\nRequire stack:\n- ${importer}`, "");
  const stack = String(error.stack).replace(error.message, () => message);
  if ("requireStack" in error) delete error.requireStack;
  return Object.assign(error, { message, stack });
}

const nameOf = (specifier: string) =>
  /^(?:@[^/]+\/)?[^/]+/.exec(specifier.replace(PREFIXED, "$2"))?.[0] ?? specifier;

function mendFor(specifier: string, folder: string): string {
  const path = join(folder, specifier);
  if (existsSync(path) || existsSync(`${path}.ts`)) {
    return `For the file beside the notebook, write "./${specifier}".`;
  }
  if (specifier.startsWith("jsr:")) return `To install it: npx jsr add ${nameOf(specifier)}`;
  return `To install it: %npm install ${nameOf(specifier)}`;
}
