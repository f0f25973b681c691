// What the generated code of cells calls that is the same for every cell (language/runtime-names.ts).
import { constant } from "./constant.ts";
import { copy } from "./copy.ts";
import { Fragment, h } from "./jsx.ts";
import { thrown } from "./thrown.ts";

export const FIXED_HOOKS = { constant, copy, Fragment, h, thrown };
