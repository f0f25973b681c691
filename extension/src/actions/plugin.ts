// The plugin that adds commands for the pool: in the palette, in the View menu and on the panel's context menu.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { KernelFollower } from "../follow.ts";
import { DOMAIN } from "../plugins/names.ts";
import { Actions } from "./actions.ts";

const NO_ARGS = { args: { type: "object", properties: {} } } as const;
const text = (name: string) =>
  ({ args: { type: "object", properties: { [name]: { type: "string" } } } }) as const;

export const actionsPlugin: JupyterFrontEndPlugin<void> = {
  id: "cenote-lab:actions",
  description: "Commands that mark, trim, pack, spill, free and export the GPU memory pool.",
  autoStart: true,
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const actions = new Actions(new KernelFollower(app.shell), trans);
    const category = trans.__("Cenote");
    const { commands } = app;
    const add = (id: string, label: string, execute: () => Promise<void>) => {
      commands.addCommand(id, { label, describedBy: NO_ARGS, execute });
      palette?.addItem({ command: id, category });
    };
    add("cenote:trim", trans.__("Give empty GPU slabs back"), () => actions.trim());
    add("cenote:compact", trans.__("Pack GPU memory"), () => actions.compact());
    add("cenote:free-leaks", trans.__("Free leaks of GPU memory…"), () => actions.freeLeaks());
    commands.addCommand("cenote:mark", {
      label: trans.__("Mark this moment in the GPU memory timeline…"),
      describedBy: text("name"),
      execute: ({ name }) => actions.mark(name as string | undefined),
    });
    commands.addCommand("cenote:spill", {
      label: trans.__("Spill GPU memory to host or disk…"),
      describedBy: text("size"),
      execute: ({ size }) => actions.spill(size as string | undefined),
    });
    for (const command of ["cenote:mark", "cenote:spill"]) palette?.addItem({ command, category });
    addExports(app, actions, trans, (command, args) =>
      palette?.addItem({ command, category, args }),
    );
  },
};

function addExports(
  { commands }: JupyterFrontEnd,
  actions: Actions,
  trans: ReturnType<ITranslator["load"]>,
  offer: (command: string, args: { [name: string]: string }) => void,
): void {
  const formats: Record<string, string> = {
    json: trans.__("JSON"),
    csv: trans.__("CSV"),
    memory_viz: trans.__("pickle for PyTorch's memory_viz"),
    perfetto: trans.__("Perfetto trace"),
    html: trans.__("page (HTML)"),
  };
  commands.addCommand("cenote:export", {
    label: ({ format }) =>
      trans.__("Export the GPU memory pool as %1", formats[String(format)] ?? ""),
    describedBy: text("format"),
    execute: ({ format }) => actions.export(String(format)),
  });
  for (const format of Object.keys(formats)) offer("cenote:export", { format });
}
