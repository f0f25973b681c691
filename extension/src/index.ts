// The extension's plugins: the watch on the followed kernel's pool, the panel with its command, and the
// status bar's item. Each can be turned off by itself.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette, IThemeManager } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { poolIcon } from "./icon.ts";
import { PoolPanel } from "./panel.ts";
import { IPoolWatch, PoolWatch } from "./watch.ts";
import { StatusItem } from "./widgets/status-item.ts";

const DOMAIN = "cenote_lab";
const SHOW = "cenote:show-pool";

const watchPlugin: JupyterFrontEndPlugin<IPoolWatch> = {
  id: "cenote-lab:watch",
  description: "Watches the GPU memory pool of the kernel that the user works with.",
  autoStart: true,
  provides: IPoolWatch,
  activate: (app: JupyterFrontEnd) => new PoolWatch(app.shell),
};

const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:panel",
  description: "The panel that shows the GPU memory pool.",
  autoStart: true,
  requires: [IPoolWatch],
  optional: [ITranslator, ICommandPalette, ILauncher, ILayoutRestorer, IThemeManager],
  activate: (
    app: JupyterFrontEnd,
    watch: IPoolWatch,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    themes: IThemeManager | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const panel = new PoolPanel(watch, trans);
    app.shell.add(panel, "right", { rank: 900, type: "Cenote" });
    restorer?.add(panel, panel.id);
    themes?.themeChanged.connect(() => panel.redraw());
    app.commands.addCommand(SHOW, {
      label: (args) =>
        args["isLauncher"]
          ? trans.__("GPU memory pool")
          : trans.__("Show GPU memory pool (Cenote)"),
      caption: trans.__("Show the GPU memory pool of the current notebook's kernel, live"),
      icon: poolIcon,
      describedBy: { args: { type: "object", properties: { isLauncher: { type: "boolean" } } } },
      execute: () => app.shell.activateById(panel.id),
    });
    palette?.addItem({ command: SHOW, category: trans.__("Cenote") });
    launcher?.add({
      command: SHOW,
      category: trans.__("Other"),
      rank: 50,
      args: { isLauncher: true },
    });
  },
};

const statusPlugin: JupyterFrontEndPlugin<void> = {
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
    const item = new StatusItem(watch, trans, () => void app.commands.execute(SHOW));
    statusBar.registerStatusItem("cenote-lab:status", {
      item,
      align: "right",
      rank: 60,
      isActive: () => item.isActive,
      activeStateChanged: watch.changed,
    });
    watch.look();
  },
};

export { IPoolWatch };
export default [watchPlugin, panelPlugin, statusPlugin] as JupyterFrontEndPlugin<unknown>[];
