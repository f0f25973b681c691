// The colours that pictures are drawn with, read from the panel's CSS variables, so that they follow
// JupyterLab's theme.

import { STATES } from "../model/colouring.ts";
import { CELL_COLOURS, cellIndex } from "../model/colours.ts";

export interface Theme {
  text: string;
  dim: string;
  grid: string;
  background: string;
  live: string;
  reserved: string;
  free: string;
  spilled: string;
  brand: string;
  font: string;
  cells: string[];
  /** From few to many. */
  steps: string[];
  /** In the order of STATES. */
  states: string[];
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
    spilled: value("--cenote-spilled"),
    brand: value("--jp-brand-color1"),
    font: `11px ${value("--jp-ui-font-family") || "sans-serif"}`,
    cells: Array.from({ length: CELL_COLOURS }, (_, i) => value(`--cenote-cell-${i}`)),
    steps: Array.from({ length: CELL_COLOURS }, (_, i) => value(`--cenote-step-${i}`)),
    states: STATES.map((state) => value(`--cenote-state-${state}`)),
  };
}

/** The CSS variable with a cell's colour. Cell 0 (outside any cell) has its own. */
export function cellVariable(cell: number): string {
  return `var(--cenote-cell-${cellIndex(cell)})`;
}
