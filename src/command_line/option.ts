/** Descriptors of options and arguments: plain data, from which help, completion, configuration files and the parser are read. */

/** What a shell may offer for a value: names of files, of folders, or words, of which a list takes several. */
export type Completion = "file" | "folder" | { readonly words: readonly string[]; readonly list?: boolean };

/** What a text on the command line must be, and what it becomes. */
export interface ValueType<T> {
  /** What stands for the value in help, such as `N` or `axial|coronal`. */
  readonly placeholder: string;
  /** A text that is taken, for messages. */
  readonly example: string;
  readonly completion?: Completion;
  /** What has to be at a path, unless it is a path of another machine. */
  readonly existing?: "file" | "folder" | "path";
  /** The value; what it throws is told to the user. */
  readonly read: (text: string) => T;
  /** What follows the number where a value is written as a text. */
  readonly unit?: string;
  /** The value that a bare number of a configuration file is where its key names the unit, as `timeBudgetSeconds`. */
  readonly ofNumber?: (value: number) => T;
}

/** An option with a value, or a flag, as the command line and configuration files have it. */
interface Named {
  /** Without the dashes. */
  readonly long: string;
  readonly description: string;
  /** Title of the options among which help shows it. */
  readonly group?: string;
}

/** `--name VALUE`. */
export interface Option<T> extends Named {
  readonly kind: "option";
  readonly type: ValueType<T>;
  readonly required?: boolean;
  readonly default?: T;
  /** What help says in place of a default, where the program finds it out. */
  readonly otherwise?: string;
}

/** `--name VALUE` that may stand several times. */
export interface RepeatedOption<T> extends Named {
  readonly kind: "repeated";
  readonly type: ValueType<T>;
}

/** `--name`. */
export interface Flag extends Named {
  readonly kind: "flag";
}

/** An argument without a name. */
export interface Operand<T> {
  readonly kind: "operand";
  /** In capitals, as help and messages have it. */
  readonly name: string;
  readonly type: ValueType<T>;
  readonly description: string;
  readonly optional?: boolean;
}

/** All arguments without a name that are left. */
export interface RestOperands<T, N extends 0 | 1 = 0 | 1> {
  readonly kind: "rest";
  readonly name: string;
  readonly type: ValueType<T>;
  readonly description: string;
  readonly least: N;
}

/** What stands behind a dash. */
export type NamedDescriptor = Option<unknown> | RepeatedOption<unknown> | Flag;
/** What a command takes, by the property that holds its value. */
export type Arguments = Readonly<Record<string, NamedDescriptor | Operand<unknown> | RestOperands<unknown>>>;
/** Options alone, by property. */
export type Options = Readonly<Record<string, NamedDescriptor>>;

type ValueOf<D> = D extends Flag ? boolean
  : D extends RepeatedOption<infer T> ? readonly T[]
  : D extends RestOperands<infer T, infer N> ? N extends 1 ? readonly [T, ...T[]] : readonly T[]
  : D extends Option<infer T> | Operand<infer T> ? T
  : never;

/** What the descriptors give. */
export type Values<A extends Arguments> = { readonly [K in keyof A]: ValueOf<A[K]> };

type Spec<T> = Omit<Option<T>, "kind" | "required" | "default">;

/** An option; without a default and not required it may be undefined. */
export function option<T>(spec: Spec<T> & { readonly required: true }): Option<T>;
export function option<T>(spec: Spec<T> & { readonly default: NoInfer<T> }): Option<T>;
export function option<T>(spec: Spec<T>): Option<T | undefined>;
export function option<T>(spec: Spec<T>): Option<T | undefined> {
  return { kind: "option", ...spec };
}

/** An option that may stand several times. */
export function repeatedOption<T>(spec: Omit<RepeatedOption<T>, "kind">): RepeatedOption<T> {
  return { kind: "repeated", ...spec };
}

/** A flag. */
export function flag(spec: Omit<Flag, "kind">): Flag {
  return { kind: "flag", ...spec };
}

/** An argument without a name. */
export function operand<T>(
  spec: Omit<Operand<T>, "kind" | "optional"> & { readonly optional: true },
): Operand<T | undefined>;
export function operand<T>(spec: Omit<Operand<T>, "kind" | "optional">): Operand<T>;
export function operand<T>(spec: Omit<Operand<T>, "kind">): Operand<T | undefined> {
  return { kind: "operand", ...spec };
}

/** All arguments without a name, `least` of them at least. */
export function restOperands<T, N extends 0 | 1>(spec: Omit<RestOperands<T, N>, "kind">): RestOperands<T, N> {
  return { kind: "rest", ...spec };
}

/** The same options under one title of the help. */
export function grouped<A extends Options>(group: string, options: A): A {
  return Object.fromEntries(Object.entries(options).map(([name, one]) => [name, { ...one, group }])) as unknown as A;
}

/** The same options where what was not given has to be told apart: help names the defaults, and the values are undefined. */
export function withoutDefaults<A extends Options>(
  options: A,
): { readonly [K in keyof A]: A[K] extends Option<infer T> ? Option<T | undefined> : A[K] } {
  const entries = Object.entries(options).map(([property, one]) => {
    if (one.kind !== "option" || one.default === undefined) return [property, one];
    const { default: value, ...rest } = one;
    return [property, { ...rest, otherwise: String(value) }];
  });
  return Object.fromEntries(entries);
}

/** Whether a descriptor stands behind dashes. */
export function isNamed(descriptor: Arguments[string]): descriptor is NamedDescriptor {
  return "long" in descriptor;
}

/** `--name` or `NAME`, as messages have it. */
export function spellingOf(descriptor: Arguments[string]): string {
  return isNamed(descriptor) ? `--${descriptor.long}` : descriptor.name;
}

/** The value that is taken where none is given, for help; undefined where there is nothing to say. */
export function defaultText(descriptor: Arguments[string]): string | undefined {
  if (descriptor.kind !== "option") return undefined;
  const { type, otherwise, default: value } = descriptor;
  return otherwise ?? (value === undefined ? undefined : textOf(type, value));
}

/** The text that a type takes for a value. */
export function textOf(type: ValueType<unknown>, value: unknown): string {
  return `${value}${type.unit ?? ""}`;
}
