import { ADVERTISEMENT_CONDITION } from '../../src/api/conditions.ts';
import { absentAs, type Field, fields, into, textMap } from '../../src/api/fields.ts';
import {
  equalitySelectors,
  type LabelSelector,
  labelSelectors,
} from '../../src/api/label-selector.ts';
import { conditions, type KubernetesObject, parseAs } from '../../src/api/object.ts';
import type { JudgedObject } from '../../src/metallb/announcing-nodes.ts';

/** As L2Advertisements and BGPPeers have it; what else they say, the label does not depend on. */
const selected: Field<readonly LabelSelector[]> = into(
  fields({ spec: absentAs({}, fields({ nodeSelectors: labelSelectors })) }),
  ({ spec }) => spec.nodeSelectors,
);
/** As MetalLoadBalancerConfigurations have it. */
const configured: Field<readonly LabelSelector[]> = into(
  fields({ spec: absentAs({}, fields({ nodeSelector: absentAs({}, textMap) })) }),
  ({ spec }) => equalitySelectors(spec.nodeSelector),
);
const judged = fields({ status: absentAs({}, fields({ conditions })) });

/** Which nodes an object is about, and whether it counts, by what the controller has written on it. */
export function judgedObject(object: KubernetesObject): JudgedObject {
  const field = object.kind === 'MetalLoadBalancerConfiguration' ? configured : selected;
  const [selectors, status] = [
    parseAs(object.kind, field, object),
    parseAs(object.kind, judged, object),
  ];
  const said = status.ok ? status.value.status.conditions : [];
  return {
    nodeSelectors: selectors.ok ? selectors.value : undefined,
    accepted: said.find(({ type }) => type === ADVERTISEMENT_CONDITION.accepted),
  };
}
