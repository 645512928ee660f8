import type { AdmissionRequest } from './admission-review.ts';
import { BGP_RESOURCES, reviewBgp } from './review-bgp.ts';
import { reviewClass } from './review-class.ts';
import { reviewService } from './review-service.ts';
import { ALLOWED, type Verdict } from './verdict.ts';
import type { AdmissionOptions, AdmissionView } from './view.ts';

/** Judges one write. What this module has nothing to do with is allowed: the rule that sent it here was too wide. */
export function review(
  request: AdmissionRequest,
  view: AdmissionView,
  options: AdmissionOptions,
): Verdict {
  const { group, resource } = request.resource;
  if (request.subResource !== undefined) return ALLOWED;
  const name = `${resource}.${group}`;
  const kind = BGP_RESOURCES.get(name);
  if (kind !== undefined) return reviewBgp(kind, request, options);
  switch (name) {
    case 'metalloadbalancerclasses.network.deckhouse.io':
      return reviewClass(request, view, options);
    case 'services.':
      return reviewService(request.change, view);
    default:
      return ALLOWED;
  }
}
