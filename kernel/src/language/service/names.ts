// Which names a cell declares at its top, and which it mentions, by its syntax alone.
import ts from "typescript";

export interface Declared {
  name: string;
  /** What a completion calls it. */
  kind: string;
  /** Declared by let or var: later cells may assign to it. */
  mutable: boolean;
  /** The documentation comment before the declaration, as it stands in the source. */
  doc: string;
}

export interface CellNames {
  declared: Declared[];
  /** Of those, the names that the cell exports itself. */
  exported: Set<string>;
  /** Every name that could refer to something outside the cell. */
  mentioned: Set<string>;
  /** The packages and built-in modules that the cell imports; files of the user's aside. */
  packages: Set<string>;
}

/** `file` may be broken code: what can be seen is given. */
export function namesOf(file: ts.SourceFile): CellNames {
  const found = new Found(file);
  for (const statement of file.statements) found.statement(statement);
  return {
    declared: [...found.declared.values()],
    exported: found.exported,
    ...mentionedIn(file),
  };
}

class Found {
  readonly #file: ts.SourceFile;
  readonly declared = new Map<string, Declared>();
  readonly exported = new Set<string>();

  constructor(file: ts.SourceFile) {
    this.#file = file;
  }

  statement(node: ts.Statement): void {
    const before = this.declared.size;
    if (ts.isVariableStatement(node)) this.#list(node.declarationList, docOf(node, this.#file));
    else if (ts.isImportDeclaration(node)) this.#import(node.importClause);
    else if (ts.isExportDeclaration(node)) this.#export(node);
    else if (isNamed(node)) this.#add(node.name?.text, kindOf(node), docOf(node, this.#file));
    else nestedVars(node, (list) => this.#list(list, ""));
    if (!hasExport(node)) return;
    for (const name of [...this.declared.keys()].slice(before)) this.exported.add(name);
  }

  #add(name: string | undefined, kind: string, doc = "", mutable = false): void {
    if (!name) return;
    const known = this.declared.get(name);
    this.declared.set(name, { name, kind, mutable, doc: doc || known?.doc || "" });
  }

  #list(list: ts.VariableDeclarationList, doc: string): void {
    const constant = (list.flags & ts.NodeFlags.Constant) !== 0;
    for (const { name } of list.declarations) this.#pattern(name, !constant, doc);
  }

  #pattern(name: ts.BindingName, mutable: boolean, doc: string): void {
    if (ts.isIdentifier(name)) {
      this.#add(name.text, VARIABLE, doc, mutable);
      return;
    }
    for (const element of name.elements) {
      if (ts.isBindingElement(element)) this.#pattern(element.name, mutable, doc);
    }
  }

  #import(clause: ts.ImportClause | undefined): void {
    if (!clause) return;
    this.#add(clause.name?.text, VARIABLE);
    const bindings = clause.namedBindings;
    if (!bindings) return;
    if (ts.isNamespaceImport(bindings)) this.#add(bindings.name.text, VARIABLE);
    else for (const { name } of bindings.elements) this.#add(name.text, VARIABLE);
  }

  #export({ exportClause, moduleSpecifier }: ts.ExportDeclaration): void {
    if (moduleSpecifier || !exportClause || !ts.isNamedExports(exportClause)) return;
    for (const { name } of exportClause.elements) this.exported.add(name.text);
  }
}

const VARIABLE = "instance";

function kindOf(node: Named): string {
  if (ts.isFunctionDeclaration(node)) return "function";
  if (ts.isClassDeclaration(node)) return "class";
  if (ts.isEnumDeclaration(node)) return "enum";
  if (ts.isInterfaceDeclaration(node)) return "interface";
  return ts.isTypeAliasDeclaration(node) ? "type" : "module";
}

type Named = ts.Statement & { name?: ts.Identifier };

function isNamed(node: ts.Statement): node is Named {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isImportEqualsDeclaration(node) ||
    (ts.isModuleDeclaration(node) && ts.isIdentifier(node.name) && !isGlobal(node))
  );
}

const isGlobal = (node: ts.ModuleDeclaration) =>
  (node.flags & ts.NodeFlags.GlobalAugmentation) !== 0;

/** `export const x` exports x; `export default class X` doesn't. */
function hasExport(node: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  const has = (kind: ts.SyntaxKind) => modifiers.some((modifier) => modifier.kind === kind);
  return has(ts.SyntaxKind.ExportKeyword) && !has(ts.SyntaxKind.DefaultKeyword);
}

/** `var` in blocks and loops belongs to the cell; in functions it doesn't. */
function nestedVars(node: ts.Node, visit: (list: ts.VariableDeclarationList) => void): void {
  if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node)) return;
  if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0) {
    visit(node);
  }
  node.forEachChild((child) => nestedVars(child, visit));
}

function docOf(node: ts.Node, file: ts.SourceFile): string {
  const ranges = ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? [];
  const last = ranges.map(({ pos, end }) => file.text.slice(pos, end)).at(-1) ?? "";
  return last.startsWith("/**") ? last : "";
}

function mentionedIn(file: ts.SourceFile): Pick<CellNames, "mentioned" | "packages"> {
  const mentioned = new Set<string>();
  const packages = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isLabel(node)) mentioned.add(node.text);
    else if (ts.isStringLiteral(node) && namesPackage(node)) packages.add(node.text);
    node.forEachChild(visit);
  };
  visit(file);
  return { mentioned, packages };
}

function namesPackage({ parent, text }: ts.StringLiteral): boolean {
  const imports =
    ts.isImportDeclaration(parent) ||
    ts.isExportDeclaration(parent) ||
    (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword);
  return imports && !/^[./]/.test(text);
}

/** Names that only mean something within what stands before them. */
function isLabel(node: ts.Identifier): boolean {
  const { parent } = node;
  if (!parent) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isPropertyAssignment(parent)) return parent.name === node;
  return ts.isImportSpecifier(parent);
}
