/** The names of options as a user types them. */
import type { command } from "cmd-ts";

/** `--minimum-volume-ml` for `minimumVolumeMl`. */
export function optionName(property: string): string {
  return `--${property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The long names, without dashes, of the options and flags that an argument of cmd-ts, or a whole command, takes. */
export function longNames(
  argument: Pick<Parameters<typeof command>[0]["args"][string], "register">,
): { readonly options: readonly string[]; readonly flags: readonly string[] } {
  const [options, flags] = [new Set<string>(), new Set<string>()];
  argument.register?.({
    forceFlagLongNames: flags,
    forceFlagShortNames: new Set(),
    forceOptionLongNames: options,
    forceOptionShortNames: new Set(),
  });
  return { options: [...options], flags: [...flags] };
}
