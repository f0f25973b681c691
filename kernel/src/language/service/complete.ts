// Completion by types at an offset of the draft.
import ts from "typescript";
import type { TypedCompletion } from "../../base/index.ts";
import { codePointsBefore, offsetFromCodePoints } from "../positions.ts";
import type { NotebookHost } from "./host.ts";
import { type Declared, namesOf } from "./names.ts";
import { isAtTop, memberQuestion, type Question } from "./question.ts";

const MAX_MATCHES = 1000;
const PREFIX = /[\p{L}\p{N}_$]*$/u;
/** Text after which a member is named. */
const MEMBER = /\?\.\s*$|(?<!\.)\.\s*$/;
const IDENTIFIER = /^#?[\p{L}_$][\p{L}\p{N}_$]*$/u;

const PREFERENCES: ts.GetCompletionsAtPositionOptions = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: false,
  includeCompletionsForImportStatements: false,
  includeCompletionsWithObjectLiteralMethodSnippets: false,
  includeCompletionsWithClassMemberSnippets: false,
};

interface Candidate {
  name: string;
  kind: string;
  order: string;
}

interface Candidates {
  /** Where what is completed begins, in UTF-16 code units of the source. */
  start: number;
  all: Candidate[];
  extent: TypedCompletion["extent"];
}

/** After a dot or among an object's keys; where any expression may stand; inside a string. */
type Place = "member" | "scope" | "text";

/** Remembers the last candidates: the next key of the same word asks for them again. */
export class Completer {
  readonly #service: ts.LanguageService;
  readonly #host: NotebookHost;
  #last: { key: string; prefix: string; candidates: Candidates } | undefined;

  constructor(service: ts.LanguageService, host: NotebookHost) {
    this.#service = service;
    this.#host = host;
  }

  /** The program has changed. */
  forget(): void {
    this.#last = undefined;
  }

  complete(source: string, cursor: number): TypedCompletion {
    const offset = offsetFromCodePoints(source, cursor);
    const { start, all, extent } = this.#candidates(source, offset);
    const wanted = source.slice(start, offset);
    const fits = matcher(all, wanted);
    const matches = [...new Map(all.map((one) => [one.name, one])).values()]
      .filter(({ name }) => fits(name) && name !== wanted)
      .sort((a, b) => compare(a.order, b.order) || compare(a.name, b.name))
      .slice(0, MAX_MATCHES);
    return {
      matches: matches.map(({ name }) => name),
      kinds: matches.map(({ kind }) => kind),
      cursor_start: codePointsBefore(source, start),
      cursor_end: codePointsBefore(source, offset),
      extent,
    };
  }

  #candidates(source: string, offset: number): Candidates {
    const prefix = PREFIX.exec(source.slice(0, offset))![0];
    const start = offset - prefix.length;
    const key = JSON.stringify([source.slice(0, start), source.slice(offset)]);
    const last = this.#last;
    if (last?.key === key && last.candidates.start === start && prefix.startsWith(last.prefix)) {
      return last.candidates;
    }
    const candidates = this.#ask(source, offset, start);
    this.#last = { key, prefix, candidates };
    return candidates;
  }

  #ask(source: string, offset: number, wordStart: number): Candidates {
    const before = source.slice(0, wordStart);
    const { question, own } = this.#question(source, offset, wordStart);
    const draft = this.#host.draft(question.source);
    const at = question.offset + draft.shift;
    const found = this.#service.getCompletionsAtPosition(draft.path, at, PREFERENCES);
    const place = this.#place(draft.path, at, before, found);
    const nothing = place === "member" ? "unknown" : "complete";
    if (!found) return { start: wordStart, all: [], extent: nothing };
    const span = found.entries[0]?.replacementSpan ?? found.optionalReplacementSpan;
    const start = place === "text" && span ? Math.max(0, span.start - draft.shift) : wordStart;
    const all = found.entries.map(candidate).filter(({ name }) => {
      return place === "text" || IDENTIFIER.test(name);
    });
    if (place === "text" && importsFrom(source.slice(0, start))) {
      all.push({ name: "cenote", kind: "module", order: "0" });
    }
    if (place === "scope") {
      for (const { name, kind } of [...own, ...this.#host.notebook.names()]) {
        all.push({ name, kind, order: orderOf(name, "11") });
      }
    }
    const extent = place === "scope" ? "names" : all.length === 0 ? nothing : "complete";
    return { start, all, extent };
  }

  /** What the compiler is to be asked, and names of the cell that it then doesn't know of. */
  #question(
    source: string,
    offset: number,
    wordStart: number,
  ): { question: Question; own: Declared[] } {
    const file = this.#host.notebook.parse(source);
    if (MEMBER.test(source.slice(0, wordStart))) {
      return { question: memberQuestion(file, wordStart), own: [] };
    }
    if (isAtTop(file, wordStart)) {
      return { question: { source: "", offset: 0 }, own: namesOf(file).declared };
    }
    return { question: { source, offset }, own: [] };
  }

  #place(path: string, at: number, before: string, found: ts.CompletionInfo | undefined): Place {
    if (MEMBER.test(before)) return "member";
    const file = this.#service.getProgram()?.getSourceFile(path);
    if (file && inString(file, at)) return "text";
    return found?.isMemberCompletion ? "member" : "scope";
  }
}

function candidate({ name, kind, sortText }: ts.CompletionEntry): Candidate {
  return { name, kind: kindOf(kind), order: orderOf(name, sortText) };
}

function matcher(all: Candidate[], wanted: string): (name: string) => boolean {
  const exact = (name: string) => name.startsWith(wanted);
  if (all.some(({ name }) => exact(name))) return exact;
  const lower = wanted.toLowerCase();
  return (name) => name.toLowerCase().startsWith(lower);
}

function inString(file: ts.SourceFile, at: number): boolean {
  let found = false;
  const visit = (node: ts.Node): void => {
    if (at <= node.getStart(file) || at > node.end) return;
    if (ts.isStringLiteralLike(node)) found = at < node.end || node.isUnterminated === true;
    node.forEachChild(visit);
  };
  file.forEachChild(visit);
  return found;
}

/** Whether a string after this text names a module. */
const importsFrom = (before: string) =>
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["'`]$/.test(before);

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Names that begin with an underscore or a dollar come after the others. */
const orderOf = (name: string, sortText: string) => (/^[_$]/.test(name) ? "z" : "") + sortText;

/** The compiler's kinds in the words that frontends have colours for. */
function kindOf(kind: ts.ScriptElementKind): string {
  switch (kind) {
    case ts.ScriptElementKind.functionElement:
    case ts.ScriptElementKind.localFunctionElement:
      return "function";
    case ts.ScriptElementKind.memberFunctionElement:
    case ts.ScriptElementKind.callSignatureElement:
      return "method";
    case ts.ScriptElementKind.memberVariableElement:
    case ts.ScriptElementKind.memberGetAccessorElement:
    case ts.ScriptElementKind.memberSetAccessorElement:
    case ts.ScriptElementKind.memberAccessorVariableElement:
      return "property";
    case ts.ScriptElementKind.classElement:
    case ts.ScriptElementKind.localClassElement:
      return "class";
    case ts.ScriptElementKind.moduleElement:
    case ts.ScriptElementKind.externalModuleName:
    case ts.ScriptElementKind.directory:
    case ts.ScriptElementKind.scriptElement:
      return "module";
    case ts.ScriptElementKind.keyword:
    case ts.ScriptElementKind.primitiveType:
      return "keyword";
    case ts.ScriptElementKind.interfaceElement:
      return "interface";
    case ts.ScriptElementKind.enumElement:
      return "enum";
    case ts.ScriptElementKind.enumMemberElement:
      return "property";
    case ts.ScriptElementKind.typeElement:
    case ts.ScriptElementKind.typeParameterElement:
      return "type";
    case ts.ScriptElementKind.string:
      return "text";
    default:
      return "instance";
  }
}
