import { AdjRibOut } from '../modules/metallb/src/bgp/adj-rib-out.ts';
import { RouteTable } from '../modules/metallb/src/bgp/route-table.ts';
import { type IpAddress, ipFromBigInt } from '../modules/metallb/src/net/ip.ts';
import { AnnouncedRoutes } from '../modules/metallb/src/speaker/announced-routes.ts';
import { ClusterView } from '../modules/metallb/src/speaker/cluster-view.ts';
import { announcedService } from '../tests/support/announced-objects.ts';
import {
  balancerNode,
  bgpAdvertisementOf,
  endpointSliceOf,
  METALLB,
  nodeOf,
  poolOf,
  serviceOf,
  sliceOf,
} from '../tests/support/cluster.ts';
import { ipAddressPool, metallbObject } from '../tests/support/metallb-objects.ts';

const FIRST_IP = 0x0a00_0000n;
const PEER = { name: 'tor', asn: 64_500, isExternal: true, isLeaving: false };
const READY = [{ nodeName: 'n2', addresses: ['10.244.0.1'], conditions: { ready: true } }];

/** A speaker's view of Services of MetalLB's API, what its node announces of them, and the rib of one router. */
export class RoutesBench {
  readonly #view = new ClusterView({ ...METALLB, hasBgp: true });
  readonly #routes = new AnnouncedRoutes('n1', this.#view, () => false);
  readonly #table = new RouteTable();
  readonly #rib = new AdjRibOut();

  constructor(services: number) {
    const { metallb } = this.#view;
    metallb.setPool('IPAddressPool/far', poolOf(ipAddressPool('far', ['10.0.0.0/16'])));
    const far = bgpAdvertisementOf(metallbObject('BGPAdvertisement', 'far', {}));
    metallb.bgp.set('BGPAdvertisement', 'metallb-system/far', far);
    this.#view.setNode('n1', nodeOf(balancerNode('n1')));
    for (let index = 0; index < services; index += 1) {
      const name = `s${index}`;
      const ip = ipFromBigInt('IPv4', FIRST_IP + BigInt(index));
      this.#view.setService(`default/${name}`, serviceOf(announcedService(name, [ip])));
      this.setEndpoints(index, true);
    }
    this.#table.setPeer(PEER.name, PEER, this.#rib);
    const global: IpAddress = ipFromBigInt('IPv4', FIRST_IP - 1n);
    this.#rib.begin({
      ...{ families: ['IPv4'], nextHopOf: () => ({ global }), enhancedRefresh: false },
      encoding: { fourOctetAsn: true, maxLength: 4_096 },
    });
    while (this.pass() > 0);
  }

  setEndpoints(index: number, areThere: boolean): void {
    const slice = endpointSliceOf(sliceOf(`s${index}`, areThere ? READY : []));
    this.#view.setSlice(`default/s${index}-1`, slice);
  }

  /** @returns how many UPDATEs follow from what has changed */
  pass(): number {
    const { changes } = this.#routes.take(false);
    for (const [ip, advertisements] of changes) this.#table.setIp(ip, advertisements);
    this.#table.settle();
    return this.#rib.take().length;
  }
}
