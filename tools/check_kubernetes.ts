/**
 * Checks a manifest against Kubernetes' own schema: types, allowed values, required and unknown fields.
 *
 *     deno run -A tools/check_kubernetes.ts SCHEMA.json MANIFEST.yaml
 *
 * The schema is not part of this repository: `api/openapi-spec/swagger.json` or `v3/apis__batch__v1_openapi.json` of Kubernetes, or
 * its standalone form, `job-batch-v1.json`. An older version of it knows fewer fields, and they are named as unknown.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { parse } from "yaml";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

type Document = Schema & {
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly components?: { readonly schemas: Readonly<Record<string, Schema>> };
};

const [schemaFile, manifestFile] = process.argv.slice(2);
if (schemaFile === undefined || manifestFile === undefined) {
  console.error("usage: check_kubernetes SCHEMA.json MANIFEST.yaml");
  process.exit(2);
}
const document = JSON.parse(readFileSync(schemaFile, "utf8")) as Document;
const named = document.components?.schemas ?? document.definitions ?? {};
// Kubernetes reads YAML 1.1.
const manifest: unknown = parse(readFileSync(manifestFile, "utf8"), { version: "1.1" });
const root = named["io.k8s.api.batch.v1.Job"] ?? document;
const faults = faultsOf(manifest, root, "Job");
for (const fault of faults) console.log(fault);
console.log(`${manifestFile}: ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;

function faultsOf(value: unknown, given: Schema, place: string): string[] {
  const schema = resolved(given);
  const parts = (schema.allOf ?? []).flatMap((part) => faultsOf(value, part, place));
  if (schema.oneOf !== undefined) {
    const fits = schema.oneOf.some((one) => faultsOf(value, one, place).length === 0);
    return fits ? parts : [...parts, `${place}: ${JSON.stringify(value)} is of no allowed kind`];
  }
  const types = schema.format === "int-or-string" ? ["integer", "string"] : [schema.type ?? []].flat();
  if (types.length > 0 && !types.some((type) => isOf(value, type))) {
    return [...parts, `${place}: found ${JSON.stringify(value)}, expected ${types.join(" or ")}`];
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    parts.push(`${place}: found ${JSON.stringify(value)}, expected one of ${schema.enum.join(", ")}`);
  }
  if (Array.isArray(value)) {
    return [...parts, ...value.flatMap((one, i) => faultsOf(one, schema.items ?? {}, `${place}[${i}]`))];
  }
  if (typeof value !== "object" || value === null) return parts;
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => !(name in value)).map((name) => `${place}.${name} is missing`);
  const inside = Object.entries(value).flatMap(([name, one]) => {
    const known = properties[name] ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    if (known !== undefined) return faultsOf(one, known, `${place}.${name}`);
    // An object without properties may hold anything; so may a part of allOf.
    return Object.keys(properties).length === 0 ? [] : [`${place}.${name} is unknown`];
  });
  return [...parts, ...missing, ...inside];
}

function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split("/").at(-1) as string;
  const found = named[name];
  if (found === undefined) {
    throw new Error(`${schemaFile} has no ${schema.$ref}; give the schema with all of its parts`);
  }
  return resolved(found);
}

function isOf(value: unknown, type: string): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "null":
      return value === null;
    default: {
      const kind: string = typeof value;
      return kind === type;
    }
  }
}
