/** The command lines in README, CONTRIBUTING and docs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A command line of `seg` in a document. */
export interface CommandLine {
  readonly file: string;
  readonly text: string;
  readonly words: readonly string[];
  /** Marked "sh run": it runs as it stands. */
  readonly runs: boolean;
  /** In a block, not within a sentence. */
  readonly fenced: boolean;
}

/** The documents with command lines, by their paths from the root of the repository. */
export const DOCUMENTS = ["README.md", "CONTRIBUTING.md", ...readdirSync("docs").filter((name) => name.endsWith(".md"))]
  .map((name) => existsSync(name) ? name : join("docs", name));

/** The command lines of fenced shell blocks, and of code within sentences and tables. */
export function commandLinesOf(file: string): CommandLine[] {
  const text = readFileSync(file, "utf8");
  const blocks = [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].filter(([, language]) => /^sh\b/.test(language ?? ""));
  const fenced = blocks.flatMap(([, language, body = ""]) =>
    body.replaceAll("\\\n", " ").split(/\n|&&|;/).map((line) => ({ line, runs: language === "sh run", fenced: true }))
  );
  const prose = text.replace(/^```[^]*?^```$/gm, "");
  const inline = [...prose.matchAll(/`(seg [a-z]+ [^`]*)`/g)].map(([, line = ""]) => ({
    line,
    runs: false,
    fenced: false,
  }));
  return [...fenced, ...inline].flatMap(({ line, runs, fenced }) => {
    const words = wordsOf(line);
    const start = words.findIndex((word) => word === "seg" || /(^|\/)main\.(js|ts)$/.test(word));
    return start < 0 ? [] : [{ file, text: line.trim(), words: words.slice(start + 1), runs, fenced }];
  });
}

/** The words as a shell takes them: quotes join, # begins a comment, and what follows > is a file. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/#.*|"([^"]*)"|'([^']*)'|\S+/g)];
  const end = words.findIndex(([word]) => word.startsWith("#") || word === ">");
  return words.slice(0, end < 0 ? undefined : end).map(([word, double, single]) => double ?? single ?? word);
}
