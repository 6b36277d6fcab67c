/** The name of an option as a user types it. */

/** `--minimum-volume-ml` for `minimumVolumeMl`. */
export function optionName(property: string): string {
  return `--${property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
