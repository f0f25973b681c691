// The plugin that adds the status bar's item.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { IDisposable } from "@lumino/disposable";
import { IPoolWatch } from "../watch.ts";
import { StatusItem } from "../widgets/status-item.ts";
import { DOMAIN, SHOW_POOL } from "./names.ts";
import { panelSettings } from "./settings.ts";

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:status",
  description: "Live bytes of the GPU memory pool in the status bar.",
  autoStart: true,
  requires: [IPoolWatch, IStatusBar],
  optional: [ITranslator, ISettingRegistry],
  activate: async (
    app: JupyterFrontEnd,
    watch: IPoolWatch,
    statusBar: IStatusBar,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const settings = await panelSettings(registry);
    let shown: IDisposable | undefined;
    let looking: IDisposable | undefined;
    const obey = () => {
      const wanted = settings?.get("statusItem").composite !== false;
      if (wanted === (shown !== undefined)) return;
      shown?.dispose();
      looking?.dispose();
      shown = looking = undefined;
      if (!wanted) return;
      // The bar disposes of what is taken off it.
      const item = new StatusItem(watch, trans, () => void app.commands.execute(SHOW_POOL));
      shown = statusBar.registerStatusItem("cenote-lab:status", {
        item,
        align: "right",
        rank: 60,
        isActive: () => item.isActive,
        activeStateChanged: watch.changed,
      });
      looking = watch.look("summary");
    };
    settings?.changed.connect(obey);
    obey();
  },
};
