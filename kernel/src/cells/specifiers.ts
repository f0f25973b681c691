// What cells and files of the user's ask for by name, and what to do about a package that is not there.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { plainSpecifier } from "../language/index.ts";

/** The specifier that Node resolves. Throws for those of the network. */
export function resolvable(specifier: string): string {
  if (/^https?:/.test(specifier)) {
    throw new Error(
      `Modules aren't imported over the network, found "${specifier}". ` +
        "Install the package with %npm install, and import it by its name.",
    );
  }
  return plainSpecifier(specifier);
}

/** `importer`: the path that cells import as. There is no such file, so no message should name it. */
export function explainMissing(error: unknown, specifier: string, importer: string): unknown {
  if (!(error instanceof Error)) return error;
  const isPackage = /^Cannot find (?:package|module '[^/.])/.test(error.message);
  const message =
    isPackage && !isInstalled(nameOf(specifier), importer)
      ? `Cannot find ${whatIs(specifier)}. ${mendFor(specifier, dirname(importer))}`
      : error.message
          .replace(` imported from ${importer}`, "")
          .replace(`\nRequire stack:\n- ${importer}`, "");
  const stack = String(error.stack).replace(error.message, () => message);
  if ("requireStack" in error) delete error.requireStack;
  return Object.assign(error, { message, stack });
}

const nameOf = (specifier: string) =>
  /^(?:@[^/]+\/)?[^/]+/.exec(plainSpecifier(specifier))?.[0] ?? specifier;

/** What is missing is then a part of it. */
const isInstalled = (name: string, importer: string) =>
  createRequire(importer)
    .resolve.paths(name)
    ?.some((folder) => existsSync(join(folder, name)));

/** As npm has them; `@/x` and `~/x` are aliases. */
const PACKAGE = /^(?:@[\w.-][\w.~-]*\/)?[\w.-][\w.~-]*$/;

const whatIs = (specifier: string) =>
  PACKAGE.test(nameOf(specifier)) ? `the package "${nameOf(specifier)}"` : `"${specifier}"`;

function mendFor(specifier: string, folder: string): string {
  const path = join(folder, specifier);
  if (existsSync(path) || existsSync(`${path}.ts`)) {
    return `For the file beside the notebook, write "./${specifier}".`;
  }
  if (!PACKAGE.test(nameOf(specifier))) {
    return 'An alias is written "#lib/…" and stands in "imports" of package.json: "paths" of tsconfig.json are not followed.';
  }
  if (specifier.startsWith("jsr:")) return `To install it: npx jsr add ${nameOf(specifier)}`;
  return `To install it: %npm install ${nameOf(specifier)}`;
}
