/** The calls of npm `cap` that packet-socket.ts makes; the package brings no types. */
declare module 'cap' {
  interface Cap {
    /** Blocks for tens of milliseconds. @throws when the interface is missing, down, or not permitted */
    open(interfaceName: string, filter: string, ringBytes: number, buffer: Buffer): string;
    /** @throws when the kernel refuses the frame */
    send(frame: Uint8Array): void;
    close(): boolean;
    on(event: 'packet', listener: (length: number, truncated: boolean) => void): this;
  }
  const addon: { readonly Cap: new () => Cap };
  export = addon;
}
