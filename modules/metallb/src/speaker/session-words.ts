import type { BfdReport } from '../bfd/messages.ts';
import type { MissingFamily } from '../bgp/next-hop.ts';
import type { SessionFacts, TooLongRoute } from '../routing/sessions.ts';

type ComplainedOf = Pick<SessionFacts, 'why' | 'missingFamilies' | 'tooLong'> & {
  readonly bfd: BfdReport | undefined;
};

/**
 * What is wrong with a session, in words; nothing when all is well.
 * @param isSigned its BFD is to be
 */
export function complaintsOf(
  { why, missingFamilies, tooLong, bfd }: ComplainedOf,
  isSigned: boolean,
): string[] {
  if (why !== '') return [why];
  return [
    ...missingFamilies.map(missingText),
    ...tooLongText(tooLong),
    ...(isSigned ? unsignedText(bfd) : []),
  ];
}

/** Nothing where there is room for all. */
export function tooLongText([first, ...others]: readonly TooLongRoute[]): string[] {
  if (first === undefined) return [];
  const { prefix, octets, mostOctets } = first;
  const [all, message] =
    others.length === 0
      ? [`${prefix} is`, 'its message']
      : [`${prefix} and ${others.length} more are`, 'the message of the first'];
  return [
    `${all} not announced in this session: ${message} would have ${octets} octets, the router takes ${mostOctets}: ask for fewer communities in the advertisements`,
  ];
}

export function missingText({ family, why }: MissingFamily): string {
  if (why === 'not-taken')
    return `the router takes no routes of ${family} in this session: it has the family not activated for this node`;
  return `IPs of ${family} are not announced in this session: ${NO_NEXT_HOP[family]}`;
}

/** RFC 8950; RFC 2545 §3 */
const NO_NEXT_HOP = {
  IPv4: 'the router does not offer the capability extended next hop, without which IPv6 leads to none of IPv4',
  IPv6: 'this node has no global address of IPv6 at the interface that leads to the router',
} as const;

/** BGP does not wait for BFD that has never been Up; who demands a signature hears that there is none. */
function unsignedText(bfd: BfdReport | undefined): string[] {
  return bfd?.standing === 'Waiting' ? [`its BFD is not Up: ${bfd.why}; BGP goes on without`] : [];
}
