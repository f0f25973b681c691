// The plugin that gives each notebook its cells' badges. The setting "badges" turns them off, and with them
// what they note in the notebook.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { Widget } from "@lumino/widgets";
import { isNotebook } from "../notebook-cells.ts";
import { DOMAIN, SHOW_POOL } from "../plugins/names.ts";
import { panelSettings } from "../plugins/settings.ts";
import { NotebookBadges } from "./notebook-badges.ts";

export const badgesPlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:badges",
  description: "Under each cell, what it did to the GPU memory pool.",
  autoStart: true,
  optional: [ITranslator, ISettingRegistry],
  activate: async (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const settings = await panelSettings(registry);
    const notebooks = new Map<Widget, NotebookBadges>();
    const isOn = () => settings?.get("badges").composite !== false;
    const open = (cell: number, id: string) => void app.commands.execute(SHOW_POOL, { cell, id });
    const look = () => {
      for (const widget of isOn() ? app.shell.widgets("main") : []) {
        if (notebooks.has(widget) || !isNotebook(widget)) continue;
        notebooks.set(widget, new NotebookBadges(widget, trans, open));
        widget.disposed.connect(() => {
          notebooks.get(widget)?.dispose();
          notebooks.delete(widget);
        });
      }
    };
    settings?.changed.connect(() => {
      if (isOn()) return look();
      for (const badges of notebooks.values()) badges.dispose();
      notebooks.clear();
    });
    app.shell.currentChanged?.connect(look);
    void app.restored.then(look);
  },
};
