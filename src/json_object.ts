/** Parsed JSON of which nothing is known yet. */

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object, false for null, arrays and plain values. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
