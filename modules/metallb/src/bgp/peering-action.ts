import type { Negotiated } from './negotiation.ts';

/** Connections as the driver knows them. */
export type Direction = 'outgoing' | 'incoming';

/** What the driver is to do, and what people should hear. */
export type PeeringAction =
  | { readonly do: 'connect' }
  | { readonly do: 'send'; readonly direction: Direction; readonly bytes: Uint8Array }
  | { readonly do: 'close'; readonly direction: Direction }
  | { readonly do: 'tell'; readonly event: PeeringEvent };

export type PeeringEvent =
  | { readonly type: 'established'; readonly negotiated: Negotiated }
  | { readonly type: 'ended'; readonly why: string }
  /** It never came to a session. */
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'fault'; readonly fault: string }
  /** There are other routes than before that no message has room for. */
  | { readonly type: 'too-long' };
