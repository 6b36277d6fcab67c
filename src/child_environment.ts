/** The variables that programs which seg starts need: where libraries, caches and devices are, and no secrets of the shell. */
import process from "node:process";

const NEEDED =
  /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|TERM|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_\w+|CUDA\w*|NVIDIA\w*|TRT\w*|TENSORRT\w*|ORT_\w+|OMP_\w+|XDG_\w+|VK_\w+|MESA_\w+|DISPLAY|WAYLAND_DISPLAY|NODE_OPTIONS|DENO_\w+|SEG_\w+|SYSTEMROOT|WINDIR|APPDATA|LOCALAPPDATA|USERPROFILE|PATHEXT|COMSPEC)$/i;

/** The part of this program's environment that a child gets. */
export function childEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && NEEDED.test(name) ? [[name, value] as const] : []
  );
  return Object.fromEntries(entries);
}
