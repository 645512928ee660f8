import { BgpError } from '../../modules/metallb/src/packet/bgp-error.ts';

/** The only error that decoders of BGP throw: it says what the peer is told. */
export function isBgpError(error: unknown): boolean {
  return error instanceof BgpError;
}

/** Code, subcode and data, in hex, of the NOTIFICATION that a refusal sends. @throws Error where nothing is refused */
export function refusalOf(run: () => unknown): {
  readonly reason: readonly [number, number];
  readonly data: string;
} {
  try {
    run();
  } catch (error) {
    if (!(error instanceof BgpError)) throw error;
    const { code, subcode, data } = error.notification;
    return { reason: [code, subcode], data: Buffer.from(data).toString('hex') };
  }
  throw new Error('nothing was refused');
}
