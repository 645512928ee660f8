/** What an owner offers to those who would use the same address. */
export interface Sharing {
  /** Owners with equal keys agree to share; an empty key agrees to nothing. */
  readonly key: string;
  /**
   * Where traffic may go: the pod selector, sorted, where externalTrafficPolicy is Local, else empty. One node answers
   * for the address, so under Local all its users need the same pods.
   */
  readonly backend: string;
  /** `TCP/53` */
  readonly ports: readonly string[];
  /** Only who asks for this very address may join: nobody is led to it. */
  readonly byRequestOnly?: boolean;
}

/** Whether two sets of terms mean the same; an order of ports means nothing, but counts. */
export function sameSharing(a: Sharing | undefined, b: Sharing | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const leadsAlike = (a.byRequestOnly ?? false) === (b.byRequestOnly ?? false);
  return (
    leadsAlike && a.key === b.key && a.backend === b.backend && a.ports.join() === b.ports.join()
  );
}

/** Why two owners can't use one address; MetalLB's rules. */
export interface SharingRefusal {
  readonly reason: 'requested-ip-in-use' | 'sharing-refused';
  /** Completes "192.0.2.1 is used by default/web, …". */
  readonly because: string;
}

export function sharingRefusal(
  newcomer: Sharing | undefined,
  user: Sharing | undefined,
): SharingRefusal | undefined {
  if (!user?.key) return inUse('which does not share it');
  if (!newcomer?.key) return inUse('which shares it only with those who have its sharing key');
  if (newcomer.key !== user.key) return refused(`which shares it under another key, "${user.key}"`);
  if (newcomer.backend !== user.backend) {
    return refused('which sends traffic to other pods (externalTrafficPolicy Local)');
  }
  const collision = newcomer.ports.find((port) => user.ports.includes(port));
  return collision === undefined ? undefined : refused(`which has the same port ${collision}`);
}

function inUse(because: string): SharingRefusal {
  return { reason: 'requested-ip-in-use', because };
}

function refused(because: string): SharingRefusal {
  return { reason: 'sharing-refused', because };
}
