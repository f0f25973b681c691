// Notebooks written for tslab import `display` and `newDisplay` from "tslab". The package is loaded when
// such a notebook asks for it, and what it shows goes our way.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CellOutput } from "./output.ts";

interface TslabDisplay {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  transient: { display_id?: string };
}

/** tslab writes every display through this function of its own module. */
interface TslabJupyter {
  lastWriteDisplayData: (content: TslabDisplay, update?: boolean) => void;
}

/** `publicUrl` is the file that "tslab" resolves to. */
export function connectTslab(publicUrl: string, output: CellOutput): void {
  const require = createRequire(publicUrl);
  const jupyter: TslabJupyter = require(join(dirname(fileURLToPath(publicUrl)), "jupyter.js"));
  jupyter.lastWriteDisplayData = ({ data, metadata, transient }, update = false) => {
    const displayId = transient.display_id;
    output.display({ data, metadata, update, ...(displayId === undefined ? {} : { displayId }) });
  };
}
