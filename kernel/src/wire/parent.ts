// A kernel whose Jupyter server was killed is of no use to anyone: nobody could stop it any more.
const EVERY_MS = 1000;

/**
 * Calls `lost` once when the process that started the kernel, which it names in JPY_PARENT_PID, is gone.
 * Launchers that end on purpose don't set that variable.
 */
export function onParentLost(lost: () => void): void {
  const parent = Number(process.env["JPY_PARENT_PID"]);
  if (!(parent > 1) || process.ppid !== parent) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    lost();
  }, EVERY_MS);
  timer.unref();
}
