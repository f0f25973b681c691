// The settings of the panel and all that belongs to it.
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { PANEL_PLUGIN } from "./names.ts";

/** Undefined where the server has none for us: the defaults hold, and the console says why. */
export async function panelSettings(
  registry: ISettingRegistry | null,
): Promise<ISettingRegistry.ISettings | undefined> {
  try {
    return await registry?.load(PANEL_PLUGIN);
  } catch (error) {
    console.warn("Cenote: the panel's settings could not be read, the defaults hold", error);
    return undefined;
  }
}
