// The plugin that owns the watch on the pool of the kernel that the user works with.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IPoolWatch, PoolWatch } from "../watch.ts";

export const watchPlugin: JupyterFrontEndPlugin<IPoolWatch> = {
  id: "cenote-lab:watch",
  description: "Watches the GPU memory pool of the kernel that the user works with.",
  autoStart: true,
  provides: IPoolWatch,
  activate: (app: JupyterFrontEnd) => new PoolWatch(app.shell),
};
