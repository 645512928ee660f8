import type {
  AdmissionRequest,
  Change,
} from '../../modules/metallb/src/admission/admission-review.ts';
import { review } from '../../modules/metallb/src/admission/review.ts';
import type { Verdict } from '../../modules/metallb/src/admission/verdict.ts';
import { parseChild } from '../../modules/metallb/src/api/child.ts';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
import { parsedValue } from '../support/parsed.ts';

/** The cluster before the write that is judged. */
export interface Before {
  readonly classes?: readonly KubernetesObject[];
  readonly services?: readonly KubernetesObject[];
  readonly children?: readonly KubernetesObject[];
}

export interface Asked {
  readonly resource?: AdmissionRequest['resource'];
  readonly subResource?: string;
  readonly username?: string;
  readonly moduleConfigVersion?: number;
  readonly edition?: string;
}

export const CLASSES = { group: 'network.deckhouse.io', resource: 'metalloadbalancerclasses' };
export const SERVICES = { group: '', resource: 'services' };

/** What admission says to a change of a class, unless another resource is asked for. */
export function verdictOn(change: Change, before: Before = {}, asked: Asked = {}): Verdict {
  const { classes = [], services = [], children = [] } = before;
  const request: AdmissionRequest = {
    uid: 'u1',
    resource: asked.resource ?? CLASSES,
    subResource: asked.subResource,
    username: asked.username ?? 'kubernetes-admin',
    change,
  };
  const view = {
    classes: classes.map((object) => parsedValue(parseMetalLoadBalancerClass(object))),
    services: services.map((object) => parsedValue(parseService(object))),
    children: children.map((object) => parsedValue(parseChild(object))),
  };
  const { moduleConfigVersion = 3, edition = 'CE' } = asked;
  const metallbNamespaces = ['metallb-system'];
  return review(request, view, { moduleConfigVersion, edition, metallbNamespaces });
}

export function creation(object: KubernetesObject): Change {
  return { operation: 'CREATE', object };
}

export function update(oldObject: KubernetesObject, object: KubernetesObject): Change {
  return { operation: 'UPDATE', oldObject, object };
}

export function deletion(oldObject: KubernetesObject): Change {
  return { operation: 'DELETE', oldObject };
}
