/** Engines by their names, apart from what opens them. */

/** Whether a file name is that of an engine. */
export function isEnginePath(path: string): boolean {
  return /\.(engine|plan|trt)$/i.test(path);
}
