// The plugin that shows Arrow tables in outputs.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { DOMAIN } from "../plugins/names.ts";
import { arrowFactory } from "./renderer.ts";

export const arrowPlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:arrow",
  description: "Shows Arrow tables in outputs as grids.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    translator: ITranslator | null,
  ) => {
    registry.addFactory(arrowFactory((translator ?? nullTranslator).load(DOMAIN)));
  },
};
