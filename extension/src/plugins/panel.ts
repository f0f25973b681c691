// The plugin that adds the panel: the sidebar's widget, its command, and the ways to it.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette, IThemeManager } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { ITranslator, nullTranslator, type TranslationBundle } from "@jupyterlab/translation";
import { poolIcon } from "../icon.ts";
import { PoolPanel } from "../panel.ts";
import { IPoolWatch } from "../watch.ts";
import { PICTURES, type PictureName } from "../widgets/picture-saver.ts";
import { FORMATS, type Format } from "../widgets/saved-picture.ts";
import { DOMAIN, PANEL_PLUGIN, SAVE_PICTURE, SHOW_POOL } from "./names.ts";
import { panelSettings } from "./settings.ts";

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: PANEL_PLUGIN,
  description: "The panel that shows the GPU memory pool.",
  autoStart: true,
  requires: [IPoolWatch],
  optional: [
    ITranslator,
    ICommandPalette,
    ILauncher,
    ILayoutRestorer,
    IThemeManager,
    ISettingRegistry,
  ],
  activate: (
    app: JupyterFrontEnd,
    watch: IPoolWatch,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    themes: IThemeManager | null,
    registry: ISettingRegistry | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const panel = new PoolPanel(watch, trans);
    app.shell.add(panel, "right", { rank: 900, type: "Cenote" });
    restorer?.add(panel, panel.id);
    themes?.themeChanged.connect(() => panel.redraw());
    void obey(panel, registry);
    app.commands.addCommand(SHOW_POOL, {
      label: (args) =>
        args["isLauncher"]
          ? trans.__("GPU memory pool")
          : trans.__("Show GPU memory pool (Cenote)"),
      caption: trans.__("Show the GPU memory pool of the current notebook's kernel, live"),
      icon: poolIcon,
      describedBy: {
        args: {
          type: "object",
          properties: {
            isLauncher: { type: "boolean" },
            cell: { type: "number", description: trans.__("The cell to show, by its number") },
            id: { type: "string", description: trans.__("The notebook's name of that cell") },
          },
        },
      },
      execute: ({ cell, id }) => {
        app.shell.activateById(panel.id);
        if (typeof cell === "number") panel.showCell({ cell, id: id as string | undefined });
      },
    });
    const category = trans.__("Cenote");
    palette?.addItem({ command: SHOW_POOL, category });
    const add = (command: string, label: string, execute: () => void) => {
      const shown = () => {
        app.shell.activateById(panel.id);
        execute();
      };
      const describedBy = { args: { type: "object", properties: {} } } as const;
      app.commands.addCommand(command, { label, describedBy, execute: shown });
      palette?.addItem({ command, category });
    };
    add("cenote:snapshot", trans.__("Take a snapshot of the GPU memory pool"), () =>
      panel.snapshot(),
    );
    add("cenote:compare", trans.__("Compare the GPU memory pool with the snapshot"), () =>
      panel.compare(),
    );
    addPictures(app, panel, trans, (args) =>
      palette?.addItem({ command: SAVE_PICTURE, category, args }),
    );
    launcher?.add({
      command: SHOW_POOL,
      category: trans.__("Other"),
      rank: 50,
      args: { isLauncher: true },
    });
  },
};

/** The command that saves what a view shows. */
function addPictures(
  app: JupyterFrontEnd,
  panel: PoolPanel,
  trans: TranslationBundle,
  offer: (args: { picture: PictureName; format: Format }) => void,
): void {
  const names: Record<PictureName, string> = {
    timeline: trans.__("timeline"),
    slabs: trans.__("slabs"),
    holders: trans.__("holders"),
  };
  app.commands.addCommand(SAVE_PICTURE, {
    label: ({ picture, format }) =>
      trans.__(
        "Save the GPU memory's %1 as %2",
        names[picture as PictureName] ?? "",
        String(format).toUpperCase(),
      ),
    describedBy: {
      args: {
        type: "object",
        properties: { picture: { enum: [...PICTURES] }, format: { enum: [...FORMATS] } },
        required: ["picture", "format"],
      },
    },
    execute: ({ picture, format }) => {
      const known = PICTURES.find((one) => one === picture);
      const asked = FORMATS.find((one) => one === format);
      if (!known || !asked) {
        throw new Error(
          `wanted a picture of ${PICTURES.join(", ")} as ${FORMATS.join(" or ")}, found ${picture} as ${format}`,
        );
      }
      if (!panel.isVisible) app.shell.activateById(panel.id);
      panel.savePicture(known, asked);
    },
  });
  for (const picture of PICTURES) for (const format of FORMATS) offer({ picture, format });
}

/** The panel follows its settings. */
async function obey(panel: PoolPanel, registry: ISettingRegistry | null): Promise<void> {
  const settings = await panelSettings(registry);
  if (!settings) return;
  const apply = () => {
    panel.framesPerSecond = settings.get("framesPerSecond").composite as number;
    panel.cellColours = settings.get("cellColours").composite as string[];
  };
  settings.changed.connect(apply);
  apply();
}
