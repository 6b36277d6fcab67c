/**
 * Writes src/commands/help_texts.ts, the help of all commands as text: cmd-ts alone takes longer to load than help should take.
 *
 * usage: npm run help
 */
import { join } from "node:path";
import { COMMANDS } from "../src/commands/catalog.ts";
import { helpText } from "../src/commands/parse_command.ts";
import { writeFileAtomic } from "../src/files.ts";

const texts: string[] = [];
for (const [name, { load }] of Object.entries(COMMANDS)) {
  const text = await helpText(name, await load());
  if (/`|\$\{/.test(text)) throw new Error(`The help of ${name} has a character that ends a template`);
  texts.push(`  ${name}: String.raw\`${text}\`,\n`);
}
writeFileAtomic(
  join(import.meta.dirname as string, "..", "src", "commands", "help_texts.ts"),
  "/** The help of each command: made by `npm run help`, so that nothing must be loaded to print it. */\n" +
    `export const HELP_TEXTS: Readonly<Record<string, string>> = {\n${texts.join("")}};\n`,
);
