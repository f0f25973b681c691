// The plugin that adds the panel of shared tables, and the ways to it.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { DOMAIN } from "../plugins/names.ts";
import { sharedIcon } from "./icon.ts";
import { ExchangePanel } from "./panel.ts";

const SHOW_SHARED = "cenote:show-shared";

export const exchangePlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:exchange",
  description: "The panel of tables that notebooks share.",
  autoStart: true,
  optional: [ITranslator, ICommandPalette, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const panel = new ExchangePanel(app.shell, trans);
    app.shell.add(panel, "right", { rank: 901, type: "Cenote" });
    restorer?.add(panel, panel.id);
    app.commands.addCommand(SHOW_SHARED, {
      label: (args) =>
        args["isLauncher"] ? trans.__("Shared tables") : trans.__("Show shared tables (Cenote)"),
      caption: trans.__("Show the tables that notebooks share, and who reads them"),
      icon: sharedIcon,
      describedBy: { args: { type: "object", properties: { isLauncher: { type: "boolean" } } } },
      execute: () => app.shell.activateById(panel.id),
    });
    palette?.addItem({ command: SHOW_SHARED, category: trans.__("Cenote") });
    const args = { isLauncher: true };
    launcher?.add({ command: SHOW_SHARED, category: trans.__("Other"), rank: 51, args });
  },
};
