// The plugin that adds the status bar's item.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { IPoolWatch } from "../watch.ts";
import { StatusItem } from "../widgets/status-item.ts";
import { DOMAIN, SHOW_POOL } from "./names.ts";

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:status",
  description: "Live bytes of the GPU memory pool in the status bar.",
  autoStart: true,
  requires: [IPoolWatch, IStatusBar],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    watch: IPoolWatch,
    statusBar: IStatusBar,
    translator: ITranslator | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const item = new StatusItem(watch, trans, () => void app.commands.execute(SHOW_POOL));
    statusBar.registerStatusItem("cenote-lab:status", {
      item,
      align: "right",
      rank: 60,
      isActive: () => item.isActive,
      activeStateChanged: watch.changed,
    });
    watch.look("summary");
  },
};
