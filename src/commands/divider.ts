/** The arguments before `--`, behind which nothing is an option. */
export function beforeDivider(argv: readonly string[]): readonly string[] {
  return argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
}
