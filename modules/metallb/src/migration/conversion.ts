import type { Place } from '../api/fields.ts';
import type { Problem } from '../api/problem.ts';

/** An object of MetalLB's API, or a Secret that one of them names, as the conversion makes it. */
export interface ConvertedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly type?: string;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** The kinds of MetalLB's API that a ConfigMap has objects of. */
export const CONVERTED_KINDS: ReadonlySet<string> = new Set([
  'BGPPeer',
  'IPAddressPool',
  'BGPAdvertisement',
  'L2Advertisement',
  'BFDProfile',
  'Community',
]);

/** What a ConfigMap says in MetalLB's API. */
export interface Conversion {
  readonly objects: readonly ConvertedObject[];
  /** What could not be carried over: the objects say the rest. */
  readonly problems: readonly Problem[];
  /** What has another name now. */
  readonly renamed: readonly Renamed[];
}

export interface Renamed {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
}

/** What the parts of a conversion share. */
export interface ConversionContext {
  readonly root: Place;
  readonly namespace: string;
  readonly report: (place: Place, value: unknown, expected: string) => void;
  readonly reader: ConversionOptions['reader'];
  /** The name of the object; undefined where there can be none, or where it is another one's. Tells why. */
  readonly claimName: (kind: string, written: string, place: Place) => string | undefined;
}

export interface ConversionOptions {
  /** What problems are about, such as `ConfigMap/metallb-system/config`. */
  readonly source: string;
  readonly namespace: string;
  /**
   * Who reads the objects. An API server stores them: it needs names that it takes, and keeps passwords in Secrets. The
   * programs see them: Services know the names as they are written, and a peer has its password with it, so that nobody
   * needs a right to read Secrets where the ConfigMap is.
   */
  readonly reader: 'api-server' | 'programs';
}
