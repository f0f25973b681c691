// What a cell's TypeScript says that its JavaScript no longer does: which names are namespaces and enums,
// and what oxc can't make JavaScript of, so that TypeScript's own compiler has to (lowering.ts).
import { parseSync } from "oxc-parser";
import { boundNames, forEachChild, type Node } from "./syntax-tree.ts";

export type Dialect = "ts" | "tsx";

/** `using` or `await using` at the top of a cell. */
export interface Using {
  start: number;
  keyword: string;
  names: string[];
}

export interface TypeScriptFacts {
  enums: ReadonlySet<string>;
  /** Enums, classes and functions: what a namespace of the same name adds to. */
  others: ReadonlySet<string>;
  /** With the names of the values that each exports. */
  namespaces: ReadonlyMap<string, readonly string[]>;
  /** Some namespace has several parts. */
  hasParts: boolean;
  /** Decorators, `accessor`: V8 has none yet. */
  hasDecorators: boolean;
  /** Where the first decorator of a parameter is, which only the older kind can be. */
  parameterDecorator: number | undefined;
  usings: readonly Using[];
  /** `export = …` */
  exportAssignment: { start: number; from: number; to: number } | undefined;
}

/** A cell without these words has nothing to tell; most cells needn't be parsed once more. */
const WORTH_A_LOOK = /@|\b(?:accessor|namespace|module|enum)\b|\bexport\s*=/;

/** What standard decorators can stand before. */
const DECORATED = /^(?:TSAbstract)?(?:Class|MethodDefinition|PropertyDefinition|AccessorProperty)/;

export function factsOf(source: string, lang: Dialect): TypeScriptFacts | undefined {
  if (!WORTH_A_LOOK.test(source)) return undefined;
  const { program } = parseSync(`cell.${lang}`, source, { lang, sourceType: "module" });
  const facts = new Facts();
  const root = program as unknown as Node;
  for (const statement of root["body"] as Node[]) facts.statement(statement);
  facts.decorators(root);
  return facts;
}

class Facts implements TypeScriptFacts {
  readonly enums = new Set<string>();
  readonly others = new Set<string>();
  readonly namespaces = new Map<string, string[]>();
  hasParts = false;
  hasDecorators = false;
  parameterDecorator: number | undefined;
  readonly usings: Using[] = [];
  exportAssignment: TypeScriptFacts["exportAssignment"];

  statement(statement: Node): void {
    const node = (statement["declaration"] as Node | null | undefined) ?? statement;
    if (node["declare"] === true) return;
    switch (node.type) {
      case "TSEnumDeclaration":
        this.enums.add((node["id"] as Node)["name"] as string);
        this.others.add((node["id"] as Node)["name"] as string);
        break;
      case "ClassDeclaration":
      case "FunctionDeclaration":
        if (node["id"]) this.others.add((node["id"] as Node)["name"] as string);
        break;
      case "TSModuleDeclaration":
        this.#namespace(node);
        break;
      case "TSExportAssignment": {
        const { start, end } = node["expression"] as Node;
        this.exportAssignment = { start: node.start, from: start, to: end };
        break;
      }
      case "VariableDeclaration":
        this.#using(node);
    }
  }

  /** Looks for decorators, however deep. */
  decorators(node: Node, parent?: Node): void {
    if (node.type === "Decorator" || node.type === "AccessorProperty") this.hasDecorators = true;
    if (node.type === "Decorator" && !DECORATED.test(parent!.type)) {
      this.parameterDecorator ??= node.start;
    }
    forEachChild(node, (child) => this.decorators(child, node));
  }

  #namespace(node: Node): void {
    const [name, next] = dottedName(node["id"] as Node);
    const body = (node["body"] as Node)["body"] as Node[];
    const known = this.namespaces.get(name);
    this.hasParts ||= known !== undefined;
    this.namespaces.set(name, [...(known ?? []), ...(next ? [next] : body.flatMap(exportedNames))]);
  }

  #using(node: Node): void {
    const keyword = node["kind"] as string;
    if (!keyword.endsWith("using")) return;
    const names = (node["declarations"] as Node[]).flatMap(({ id }) => boundNames(id as Node));
    this.usings.push({ start: node.start, keyword, names });
  }
}

/** The first name of `A.B.C`, and the second. */
function dottedName(id: Node): [string, string?] {
  if (id.type !== "TSQualifiedName") return [id["name"] as string];
  const [first, second] = dottedName(id["left"] as Node);
  return [first, second ?? ((id["right"] as Node)["name"] as string)];
}

function exportedNames(statement: Node): string[] {
  if (statement.type !== "ExportNamedDeclaration") return [];
  const declaration = statement["declaration"] as Node | null;
  if (!declaration || /Interface|TypeAlias/.test(declaration.type)) return [];
  if (declaration.type === "TSModuleDeclaration") return [dottedName(declaration["id"] as Node)[0]];
  if (declaration["id"]) return [(declaration["id"] as Node)["name"] as string];
  const declarators = (declaration["declarations"] as Node[] | undefined) ?? [];
  return declarators.flatMap(({ id }) => boundNames(id as Node));
}
