import type { Position } from "../language/index.ts";

/** Where in which cell, or in which file of the user's. */
export interface Place {
  label: string;
  source: string;
  position: Position;
}

export const placeText = ({ label, position }: Place): string =>
  `${label}, line ${position.line}:${position.column}`;
