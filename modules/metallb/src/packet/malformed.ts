/** Bytes that are not what a decoder was asked to read. The only error that decoders throw. */
export class MalformedPacketError extends Error {
  /** The protocol or field that could not be read, e.g. `ARP`. */
  readonly what: string;
  /** What is wrong there, e.g. `hardware type 6`. */
  readonly where: string;

  constructor(what: string, where: string) {
    super(`malformed ${what}: ${where}`);
    this.name = 'MalformedPacketError';
    this.what = what;
    this.where = where;
  }
}
