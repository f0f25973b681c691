// The grid in the theme's colours, with nulls, numbers and types told apart.
import { type CellRenderer, type DataGrid, RendererMap, TextRenderer } from "@lumino/datagrid";
import type { Table } from "apache-arrow";
import { ARROW, valueText } from "../../../kernel/src/base/arrow-text.ts";
import type { GridModel } from "./grid-model.ts";

export const ROW_HEIGHT = 22;
export const HEADER_HEIGHT = 22;
const PADDING = 8;
const LEAST_WIDTH = 60;
const MOST_WIDTH = 320;
/** Rows that widths are taken from. */
const MEASURED_ROWS = 50;
const NUMBERS: readonly number[] = [
  ...[ARROW.int, ARROW.float, ARROW.decimal, ARROW.date, ARROW.time],
  ...[ARROW.timestamp, ARROW.duration],
];

interface Theme {
  font: string;
  text: string;
  faint: string;
  lines: string;
  background: string;
  header: string;
  selection: string;
}

function themeOf(node: HTMLElement): Theme {
  const style = getComputedStyle(node);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    font: `12px ${value("--jp-ui-font-family")}`,
    text: value("--jp-ui-font-color1"),
    faint: value("--jp-ui-font-color2"),
    lines: value("--jp-border-color2"),
    background: value("--jp-layout-color1"),
    header: value("--jp-layout-color2"),
    selection: value("--jp-brand-color1"),
  };
}

/** Sets colours and cells' looks by the theme that the node is in. */
export function dress(grid: DataGrid, model: GridModel, node: HTMLElement): void {
  const theme = themeOf(node);
  grid.style = {
    voidColor: theme.background,
    backgroundColor: theme.background,
    headerBackgroundColor: theme.header,
    gridLineColor: theme.lines,
    headerGridLineColor: theme.lines,
    selectionFillColor: transparent(theme.selection),
    selectionBorderColor: theme.selection,
    cursorFillColor: transparent(theme.selection),
    cursorBorderColor: theme.selection,
    headerSelectionFillColor: transparent(theme.selection),
    headerSelectionBorderColor: theme.selection,
  };
  const align = ({ column }: CellRenderer.CellConfig) =>
    NUMBERS.includes(model.fields[column]?.type.typeId ?? 0) ? "right" : "left";
  const isValue = ({ value }: CellRenderer.CellConfig) => typeof value === "string";
  const body = new TextRenderer({
    font: (config) => (isValue(config) ? theme.font : `italic ${theme.font}`),
    textColor: (config) => (isValue(config) ? theme.text : theme.faint),
    format: ({ value }) => (value === null ? "null" : value === undefined ? "…" : String(value)),
    horizontalAlignment: align,
    horizontalPadding: PADDING,
  });
  const head = new TextRenderer({
    font: ({ row }) => (row === 0 ? `600 ${theme.font}` : theme.font.replace("12px", "11px")),
    textColor: ({ row }) => (row === 0 ? theme.text : theme.faint),
    horizontalAlignment: align,
    horizontalPadding: PADDING,
  });
  const side = new TextRenderer({
    font: theme.font.replace("12px", "11px"),
    textColor: theme.faint,
    horizontalAlignment: "right",
    horizontalPadding: PADDING,
  });
  grid.cellRenderers = new RendererMap({
    body,
    "column-header": head,
    "row-header": side,
    "corner-header": side,
  });
}

/** Columns as wide as their names, types and first values; the last numbers of rows fit too. */
export function fitColumns(grid: DataGrid, table: Table, rows: number, node: HTMLElement): void {
  const { font } = themeOf(node);
  const pen = document.createElement("canvas").getContext("2d")!;
  pen.font = `600 ${font}`;
  const width = (text: string) => Math.ceil(pen.measureText(text).width) + 2 * PADDING + 4;
  for (const [column, { name, type }] of table.schema.fields.entries()) {
    const values = table.getChildAt(column)!;
    const widths = [width(`${name} ▼`), width(String(type)), LEAST_WIDTH];
    for (let row = 0; row < Math.min(table.numRows, MEASURED_ROWS); row++) {
      widths.push(width(valueText(values, row)?.slice(0, MOST_WIDTH) ?? "null"));
    }
    grid.resizeColumn("body", column, Math.min(MOST_WIDTH, Math.max(...widths)));
  }
  grid.resizeColumn("row-header", 0, width(rows.toLocaleString("en")));
}

const transparent = (colour: string) => `color-mix(in srgb, ${colour} 18%, transparent)`;
