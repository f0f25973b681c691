// A kernel whose Jupyter server was killed is of no use to anyone: nobody could stop it any more.
const EVERY_MS = 1000;

/**
 * Calls `lost` once when the process that started the kernel, which it names in JPY_PARENT_PID, is gone.
 * Launchers that end on purpose don't set that variable. A kernel that was started through another
 * process (a wrapper script) asks for the named one itself, where that can be seen from here.
 */
export function onParentLost(lost: () => void): void {
  const parent = Number(process.env["JPY_PARENT_PID"]);
  if (!(parent > 1)) return;
  const isChild = process.ppid === parent;
  if (!isChild && !exists(parent)) return;
  const timer = setInterval(() => {
    if (isChild ? process.ppid === parent : exists(parent)) return;
    clearInterval(timer);
    lost();
  }, EVERY_MS);
  timer.unref();
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
