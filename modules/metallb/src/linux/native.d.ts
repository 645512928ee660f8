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

/** The calls of npm `raw-socket` that icmp-socket.ts makes; the package brings no types. */
declare module 'raw-socket' {
  interface Socket {
    /** @param value an integer, or the bytes of a structure with their length */
    setOption(level: number, option: number, value: number): void;
    setOption(level: number, option: number, value: Buffer, length: number): void;
    send(
      message: Buffer,
      offset: number,
      length: number,
      address: string,
      done: (error: Error | null, bytes: number) => void,
    ): this;
    close(): this;
    /** The bytes are overwritten by the next message. */
    on(event: 'message', listener: (message: Buffer, source: string) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }
  const rawSocket: {
    /** @throws without the capability NET_RAW */
    createSocket(options: {
      readonly protocol: number;
      readonly addressFamily: number;
      readonly bufferSize: number;
    }): Socket;
  };
  export = rawSocket;
}
