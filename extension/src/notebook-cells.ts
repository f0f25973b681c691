// Cells of notebooks and consoles, known by shape: the extension needs nothing of their packages.
import type { ISessionContext } from "@jupyterlab/apputils";
import type { ISignal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";

/** What we use of a code cell. */
export interface CodeCell extends Widget {
  readonly model: {
    readonly type: "code";
    readonly id: string;
    readonly executionCount: number | null;
    getMetadata(key: string): unknown;
    setMetadata(key: string, value: unknown): void;
    deleteMetadata(key: string): void;
  };
  /** Resolves when the cell has its parts. */
  readonly ready: Promise<void>;
  readonly outputArea: {
    readonly future: { msg: { header: { msg_id: string } } } | null | undefined;
  };
  readonly editor: {
    getLine(line: number): string | undefined;
    setSelection(range: { start: Position; end: Position }): void;
    revealSelection(range: { start: Position; end: Position }): void;
  } | null;
}

interface Position {
  line: number;
  column: number;
}

/** What we use of a notebook's panel. */
export interface NotebookPanel extends Widget {
  readonly sessionContext: ISessionContext;
  readonly content: Widget & {
    readonly widgets: readonly (Widget & { model: { type: string } })[];
    /** Emitted when cells come or go, or their content changes. */
    readonly modelContentChanged: ISignal<unknown, unknown>;
    activeCellIndex: number;
    scrollToItem(index: number, align?: string): Promise<void>;
  };
}

/** Whether a widget is a notebook's panel. */
export function isNotebook(widget: Widget | null | undefined): widget is NotebookPanel {
  const panel = widget as Partial<NotebookPanel> | null | undefined;
  return (
    typeof panel?.sessionContext === "object" &&
    typeof panel.content === "object" &&
    Array.isArray(panel.content.widgets) &&
    typeof panel.content.scrollToItem === "function"
  );
}

/** What we use of a console's panel. */
interface ConsolePanel extends Widget {
  readonly console: { readonly cells: Iterable<Widget & { model: { type: string } }> };
}

function isConsole(widget: Widget): widget is ConsolePanel {
  const { console } = widget as Widget & Partial<Pick<ConsolePanel, "console">>;
  return Symbol.iterator in Object(console?.cells);
}

export function isCode(cell: Widget & { model: { type: string } }): cell is CodeCell {
  return cell.model.type === "code";
}

/** The code cells of a notebook, with their places in it. */
export function codeCells(panel: NotebookPanel): [cell: CodeCell, index: number][] {
  return panel.content.widgets.flatMap((cell, i) => (isCode(cell) ? [[cell, i] as const] : [])) as [
    CodeCell,
    number,
  ][];
}

/** A cell as a kernel tells of it. */
export interface RanCell {
  /** The number that it ran under. */
  cell: number;
  /** The notebook's own name of it, where the kernel knows that. */
  id: string | undefined;
}

/**
 * Brings a cell of a notebook or console into view and selects the line (from 1; 0 for none). It is found by its
 * name, which stays when it runs again and when the kernel is another; by its number, the latest, only where
 * there is no name. False where there is none.
 */
export async function goToCell(
  widget: Widget,
  { cell, id }: RanCell,
  line: number,
): Promise<boolean> {
  const isWanted = ({ model }: CodeCell) =>
    id === undefined ? model.executionCount === cell : model.id === id;
  let code: CodeCell | undefined;
  if (isNotebook(widget)) {
    const found = codeCells(widget).findLast(([one]) => isWanted(one));
    if (!found) return false;
    code = found[0];
    widget.content.activeCellIndex = found[1];
    await widget.content.scrollToItem(found[1], "smart");
  } else if (isConsole(widget)) {
    code = [...widget.console.cells].filter(isCode).findLast(isWanted);
    code?.node.scrollIntoView({ block: "nearest" });
  }
  if (!code) return false;
  select(code, line);
  return true;
}

function select({ editor }: CodeCell, line: number): void {
  const text = line > 0 ? editor?.getLine(line - 1) : undefined;
  if (text === undefined) return;
  const range = {
    start: { line: line - 1, column: 0 },
    end: { line: line - 1, column: text.length },
  };
  editor?.setSelection(range);
  editor?.revealSelection(range);
}
