// Pictures that the page saves, as the tests read them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LabPage } from "./browser.ts";
import type { Lab } from "./lab.ts";

/** Saves a picture of the panel by its command; its bytes. */
export async function savedPicture(
  ui: LabPage,
  lab: Lab,
  picture: "timeline" | "slabs" | "holders",
  format: "svg" | "png",
): Promise<Buffer> {
  const downloading = ui.page.waitForEvent("download");
  await ui.command("cenote:save-picture", { picture, format });
  const download = await downloading;
  const path = join(lab.work, download.suggestedFilename());
  await download.saveAs(path);
  return readFileSync(path);
}

/** What is drawn in an SVG that the page takes for one: its texts, and how many shapes have each colour. */
export async function drawn(
  ui: LabPage,
  svg: Buffer,
): Promise<{ texts: string[]; fills: Record<string, number>; width: number }> {
  return (await ui.page.evaluate(`(() => {
    const page = new DOMParser().parseFromString(${JSON.stringify(svg.toString())}, "image/svg+xml");
    const root = page.documentElement;
    if (root.localName !== "svg") throw new Error(root.textContent);
    const fills = {};
    for (const shape of root.querySelectorAll("rect, path")) {
      const fill = shape.getAttribute("fill");
      fills[fill] = (fills[fill] ?? 0) + 1;
    }
    const texts = [...root.querySelectorAll("text")].map((text) => text.textContent);
    return { texts, fills, width: Number(root.getAttribute("width")) };
  })()`)) as { texts: string[]; fills: Record<string, number>; width: number };
}
