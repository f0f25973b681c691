// What a question about a cell that is being written is really about. `a(); b(); table.rows.` asks for the
// members of `table.rows`, whatever stands around it. The compiler makes a new program for each text that
// it is shown, so it is shown that expression alone wherever nothing around it can change what it means:
// while somebody types, it then mostly knows the text already.
import ts from "typescript";

/** A part of a cell and an offset in it, in UTF-16 code units. */
export interface Question {
  source: string;
  offset: number;
}

/** `file`: the cell, with parents set; the members asked for begin at the offset. */
export function memberQuestion(file: ts.SourceFile, offset: number): Question {
  const access = innermost(file, offset, (node) => {
    return ts.isPropertyAccessExpression(node) && node.name.pos <= offset;
  });
  const asked = access && (access as ts.PropertyAccessExpression).expression;
  return part(file, asked, offset, offset);
}

/** As above, for the name at the offset or before it. */
export function nameQuestion(file: ts.SourceFile, offset: number): Question {
  const name = innermost(file, offset, (node) => ts.isIdentifier(node) && node.text !== "");
  const asked = name && expressionOf(name);
  return part(file, asked, offset, asked?.end ?? offset);
}

/**
 * Whether the name that begins at the offset may be any that the cell's top knows: no function, class or
 * block that it stands in has names of its own.
 */
export function isAtTop(file: ts.SourceFile, offset: number): boolean {
  const name = innermost(file, offset + 1, (node) => {
    return ts.isIdentifier(node) && node.getStart(file) === offset;
  });
  if (!name || !AT_TOP.has(name.parent.kind) || isDeclared(name)) return false;
  return !ts.findAncestor(name.parent, (node) => !ts.isSourceFile(node) && !AT_TOP.has(node.kind));
}

const isDeclared = (node: ts.Node) =>
  ts.isVariableDeclaration(node.parent) && node.parent.name === node;

function part(
  file: ts.SourceFile,
  asked: ts.Node | undefined,
  offset: number,
  end: number,
): Question {
  if (asked && standsAlone(file, asked)) {
    const from = asked.getStart(file);
    const source = file.text.slice(from, end);
    if (!BEGINS_STATEMENT.test(source)) return { source, offset: offset - from };
  }
  return { source: file.text, offset };
}

/** What means something else at the begin of a cell than within an expression. */
const BEGINS_STATEMENT = /^(?:\{|(?:async|class|function|let|type|interface|enum|namespace)\b)/;

function innermost(
  file: ts.SourceFile,
  offset: number,
  fits: (node: ts.Node) => boolean,
): ts.Node | undefined {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (offset < node.pos || offset > node.end) return;
    if (fits(node)) found = node;
    node.forEachChild(visit);
  };
  visit(file);
  return found && offset > found.getStart(file) ? found : undefined;
}

/**
 * The expression that a name ends, for instance `a.b` for its b. Undefined for names of other things, and
 * for what is called, whose arguments say what it is.
 */
function expressionOf(name: ts.Node): ts.Node | undefined {
  const { parent } = name;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === name;
  const asked = isMember ? parent : name;
  return VALUES.has(asked.parent.kind) && !isCalled(asked) ? asked : undefined;
}

/** Whose children are expressions, but for the name of a member. */
const VALUES: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ExpressionStatement,
  ts.SyntaxKind.CallExpression,
  ts.SyntaxKind.PropertyAccessExpression,
  ts.SyntaxKind.ElementAccessExpression,
  ts.SyntaxKind.BinaryExpression,
  ts.SyntaxKind.ParenthesizedExpression,
  ts.SyntaxKind.AwaitExpression,
  ts.SyntaxKind.TemplateSpan,
]);

const AT_TOP: ReadonlySet<ts.SyntaxKind> = new Set([
  ...VALUES,
  ts.SyntaxKind.VariableDeclaration,
  ts.SyntaxKind.VariableDeclarationList,
  ts.SyntaxKind.VariableStatement,
]);

const isCalled = (node: ts.Node) =>
  ts.isCallExpression(node.parent) && node.parent.expression === node;

/** Whether all that the expression means is in itself or outside of the cell. */
function standsAlone(file: ts.SourceFile, asked: ts.Node): boolean {
  const inside = new Set<string>();
  let alone = true;
  const look = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) inside.add(node.text);
    else if (DEPENDS.has(node.kind)) alone = false;
    node.forEachChild(look);
  };
  look(asked);
  const statement = ts.findAncestor(asked, (node) => node.parent === file);
  const lookAround = (node: ts.Node): void => {
    if (node === asked || !alone) return;
    if (ts.isIdentifier(node) && inside.has(node.text)) alone = isHarmless(node, statement);
    node.forEachChild(lookAround);
  };
  lookAround(file);
  return alone;
}

/** What means something by the function or class that it stands in. */
const DEPENDS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ThisKeyword,
  ts.SyntaxKind.SuperKeyword,
  ts.SyntaxKind.YieldExpression,
  ts.SyntaxKind.MetaProperty,
]);

/** A mention that neither declares the name nor narrows its type: a member's name, or `name.member` elsewhere. */
function isHarmless(node: ts.Identifier, statement: ts.Node | undefined): boolean {
  const { parent } = node;
  if (!ts.isPropertyAccessExpression(parent)) return false;
  if (parent.name === node) return true;
  return ts.findAncestor(node, (one) => one === statement) === undefined;
}
