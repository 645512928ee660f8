/** `runDir` → `run-dir`: the name of a setting on the command line and in a file. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `runDir` → `METALLB_RUN_DIR`. */
export function environmentName(key: string): string {
  return `METALLB_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}
