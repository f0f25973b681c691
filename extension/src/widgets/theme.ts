// The colours that pictures are drawn with, read from the panel's CSS variables, so that they follow
// JupyterLab's theme.

import { CELL_COLOURS, cellIndex } from "../model/colours.ts";

export interface Theme {
  text: string;
  dim: string;
  grid: string;
  background: string;
  live: string;
  reserved: string;
  free: string;
  font: string;
  cells: string[];
}

/** Reads the colours that hold at an element. */
export function readTheme(at: HTMLElement): Theme {
  const style = getComputedStyle(at);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: value("--jp-ui-font-color1"),
    dim: value("--jp-ui-font-color2"),
    grid: value("--jp-border-color2"),
    background: value("--jp-layout-color1"),
    live: value("--cenote-live"),
    reserved: value("--cenote-reserved"),
    free: value("--cenote-free"),
    font: `11px ${value("--jp-ui-font-family") || "sans-serif"}`,
    cells: Array.from({ length: CELL_COLOURS }, (_, i) => value(`--cenote-cell-${i}`)),
  };
}

/** The CSS variable with a cell's colour. Cell 0 (outside any cell) has its own. */
export function cellVariable(cell: number): string {
  return `var(--cenote-cell-${cellIndex(cell)})`;
}
