// The extension's plugins. Each can be turned off by itself.
import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { actionsPlugin } from "./actions/plugin.ts";
import { arrowPlugin } from "./arrow/plugin.ts";
import { badgesPlugin } from "./badges/plugin.ts";
import { exchangePlugin } from "./exchange/plugin.ts";
import { panelPlugin } from "./plugins/panel.ts";
import { statusPlugin } from "./plugins/status.ts";
import { watchPlugin } from "./plugins/watch.ts";

export { IPoolWatch } from "./watch.ts";
export default [
  watchPlugin,
  panelPlugin,
  statusPlugin,
  badgesPlugin,
  arrowPlugin,
  exchangePlugin,
  actionsPlugin,
] as JupyterFrontEndPlugin<unknown>[];
