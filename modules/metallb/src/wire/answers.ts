import type { Role } from '../election/role.ts';
import type { Answer, Question } from '../layer2/answer.ts';
import type { Keyring } from '../liveness/keyring.ts';
import { proofOfLife } from '../liveness/proof.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import type { Announcements } from './announcements.ts';
import type { IpRoles } from './ip-roles.ts';
import type { Questions } from './questions.ts';
import type { SegmentOptions, SegmentPorts } from './segment-options.ts';

/** Signing costs a hash. A segment's nodes ask at once, each with up to four questions, and again until it has an answer. */
const PROOFS_PER_SECOND = 1_000;
const PROOFS_AT_ONCE = 1_000;

/** The parts of a segment that an answer depends on. */
export interface AnswerSources {
  readonly mac: MacAddress;
  readonly roles: IpRoles;
  readonly liveness: SegmentLiveness;
  readonly announcements: Announcements;
  readonly questions: Questions;
  readonly keyring: Pick<Keyring, 'proving'>;
}

/** What whoever asks for an IP is told, by the role that this node has for it. */
export class Answers {
  readonly #sources: AnswerSources;
  readonly #ports: Pick<SegmentPorts, 'table' | 'clock'>;
  readonly #node: string;
  readonly #proofs: TokenBucket;

  constructor(
    sources: AnswerSources,
    ports: Pick<SegmentPorts, 'table' | 'clock'>,
    { node }: Pick<SegmentOptions, 'node'>,
  ) {
    this.#sources = sources;
    this.#ports = ports;
    this.#node = node;
    const now = ports.clock.now();
    this.#proofs = new TokenBucket({
      ratePerSecond: PROOFS_PER_SECOND,
      burst: PROOFS_AT_ONCE,
      now,
    });
  }

  lookup(ip: IpAddress): Answer | undefined {
    const { announcements, roles } = this.#sources;
    const role = roles.get(ip);
    if (role.kind === 'silent' || announcements.isSilent(ip)) return undefined;
    return role.kind === 'covering' ? this.#inTheNameOf(role.node) : this.#ownAnswer(ip, role);
  }

  /** All candidates take note of askers, so that whoever takes over can tell them (network rule 19). */
  asked({ ip, asker }: Question): void {
    const { announcements, questions } = this.#sources;
    if (this.#ports.table().duties.has(ip)) announcements.askers.saw(ip, asker);
    questions.hosts.saw(asker.ip, asker.mac);
  }

  #inTheNameOf(node: string): Answer | undefined {
    const mac = this.#sources.liveness.peer(node)?.mac;
    return mac === undefined ? undefined : { mac, override: true };
  }

  /** Who leaves, or has lost, overrides nobody's knowledge of the successor (network rule 24). */
  #ownAnswer(ip: IpAddress, role: Role): Answer {
    const { mac, liveness, announcements, keyring } = this.#sources;
    const leaves = liveness.state === 'leaving' || role.kind === 'yielding';
    const override = !leaves && !announcements.isOptimistic(ip);
    if (!this.#proofs.tryTake(this.#ports.clock.now())) return { mac, override };
    const node = this.#node;
    return {
      mac,
      override,
      proof: (nonce, length) => proofOfLife(keyring.proving, { nonce, node, ip }, length),
    };
  }
}
