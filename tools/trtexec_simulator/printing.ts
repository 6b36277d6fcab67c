/** Prints lines and numbers as trtexec does. */
import { writeSync } from "node:fs";

/** A number as C++ streams print it: `%g`, six significant digits, `inf` and `nan`. */
export function formatNumber(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  const [mantissa = "", exponentText = "0"] = x.toExponential(5).split("e");
  const exponent = Number(exponentText);
  const shorten = (text: string) => text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  if (exponent >= -4 && exponent < 6) return shorten(x.toFixed(5 - exponent));
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${shorten(mantissa)}e${exponent < 0 ? "-" : "+"}${digits}`;
}

/** A line of `[I]`, to standard output. */
export function info(text: string): void {
  writeSync(1, `${timestamp()} [I] ${text}\n`);
}

/** A line of `[W]`, to standard error. */
export function warning(text: string): void {
  writeSync(2, `${timestamp()} [W] ${text}\n`);
}

/** A line of `[E]`, to standard error. */
export function error(text: string): void {
  writeSync(2, `${timestamp()} [E] ${text}\n`);
}

/** A line without a prefix. */
export function plain(text: string, stream: "stdout" | "stderr" = "stdout"): void {
  writeSync(stream === "stdout" ? 1 : 2, `${text}\n`);
}

function timestamp(): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const now = new Date();
  const day = `${two(now.getMonth() + 1)}/${two(now.getDate())}/${now.getFullYear()}`;
  return `[${day}-${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}]`;
}
