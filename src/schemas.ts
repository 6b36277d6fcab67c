/** The leaves of the schemas of files: each says in its message what is expected. */
import * as v from "valibot";
import { isObject, type JsonObject } from "./json_object.ts";

/** A whole number within bounds, both included. */
export function wholeNumber(low: number, high: number = Number.MAX_SAFE_INTEGER) {
  const expected = `a whole number ${range(low, high)}`;
  return v.pipe(
    v.number(expected),
    v.check((value) => Number.isInteger(value) && value >= low && value <= high, expected),
  );
}

/** A finite number within bounds, both included. */
export function realNumber(low: number = -Infinity, high: number = Infinity) {
  const expected = low === -Infinity && high === Infinity ? "a number" : `a number ${range(low, high)}`;
  return v.pipe(
    v.number(expected),
    v.check((value) => Number.isFinite(value) && value >= low && value <= high, expected),
  );
}

/** A text that is not empty. */
export function someText() {
  return v.pipe(v.string("a text"), v.nonEmpty("a text"));
}

/** One of some words. */
export function oneOf<const T extends readonly string[]>(words: T) {
  return v.picklist(words, `one of ${words.join(", ")}`);
}

/** A list that is not changed. */
export function listOf<const T extends v.GenericSchema>(item: T) {
  return v.pipe(v.array(item, "a list"), v.readonly());
}

/** An object with names of any kind; valibot's own record takes a list for one, and leaves out the name "constructor". */
export function recordOf<T extends v.GenericSchema>(value: T) {
  return v.pipe(
    v.custom<Readonly<Record<string, v.InferOutput<T>>>>(isObject, "an object"),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const [key, entry] of Object.entries(dataset.value)) {
        const issue = v.safeParse(value, entry, { abortEarly: true }).issues?.[0];
        if (issue === undefined) continue;
        const item = { type: "object", origin: "value", input: dataset.value, key, value: entry } as const;
        addIssue({
          message: issue.message,
          expected: issue.expected ?? "another value",
          input: issue.input,
          received: issue.received,
          path: [item, ...((issue.path ?? []) as [])],
        });
        return;
      }
    }),
  );
}

function range(low: number, high: number): string {
  if (high === Infinity || high === Number.MAX_SAFE_INTEGER) return `from ${low}`;
  return low === -Infinity ? `up to ${high}` : `from ${low} to ${high}`;
}

/** An object of which nothing is known. */
export function anyObject() {
  return v.custom<JsonObject>(isObject, "an object");
}

/** The entries of `value` that a schema of an object has, without those that are undefined. */
export function pick<T extends object, K extends keyof T>(
  value: T,
  { entries }: { readonly entries: Readonly<Record<K, unknown>> },
): Pick<T, K> {
  const names = Object.keys(entries) as K[];
  return Object.fromEntries(
    names.flatMap((name) => value[name] === undefined ? [] : [[name, value[name]]]),
  ) as Pick<T, K>;
}
