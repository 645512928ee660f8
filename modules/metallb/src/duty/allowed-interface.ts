/**
 * Whether IPs may be announced on an interface by its name. Interfaces of containers and overlays are for those only who
 * ask for them by name.
 * @param interfaces what a class or duty names; empty means every usable one
 */
export function allowsInterface(
  interfaces: readonly string[],
  name: string,
  excluded: readonly RegExp[],
): boolean {
  if (interfaces.length > 0) return interfaces.includes(name);
  return !excluded.some((pattern) => pattern.test(name));
}
