/** Words of a command line, written so that a shell of POSIX reads the same words. */

const PLAIN = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/;

/** A word as it is where no shell changes it, else in single quotes, within which nothing has a meaning. */
export function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A whole command line. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/** A text for comments of scripts: line ends and control characters would end the comment. */
export function commentText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f\u0085\u2028\u2029]+/g, " ");
}
