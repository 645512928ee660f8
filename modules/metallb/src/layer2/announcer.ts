import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { announcement, announcementTo, firstAnnouncement } from './announcement.ts';
import type { Asker } from './answer.ts';
import { DueQueue } from './due-queue.ts';
import type { Pacing } from './pacing.ts';

/** Rounds at 0, 100 ms, 300 ms, 1 s and 2 s: each gap counts from the frame before, so delayed rounds don't bunch. */
const BURST_GAPS_MS = [100, 200, 700, 1_000];
const REFRESH_MS = 60_000;
const REFRESH_JITTER = 0.1;
const NEVER = Number.NEGATIVE_INFINITY;

/** A frame to send, and the IP that it is about. */
export interface Announcement {
  readonly ip: IpAddress;
  readonly frame: Uint8Array;
}

/** One IP's course through its rounds. A new course replaces the old one, which the queue then skips. */
interface Course {
  readonly ip: IpAddress;
  /** Rounds that are completely sent. */
  round: number;
  /** Frames of the round that is being sent. */
  pending: Uint8Array[];
  /** Of its last frame. */
  sentAt: number;
  active: boolean;
}

/**
 * Tells one segment which IPs this node has: bursts, refreshes and single hosts, as fast as the pacing lets it.
 * Invariant: an active course is in exactly one of `#first` and `#due`.
 */
export class Announcer {
  readonly #pacing: Pacing;
  readonly #random: () => number;
  readonly #mac: MacAddress;
  readonly #courses = new Map<IpAddress, Course>();
  readonly #first = new Set<Course>();
  readonly #reminders = new Map<IpAddress, Asker[]>();
  readonly #due = new DueQueue<Course>(({ active }) => active);
  #now = 0;

  /** @param random uniform in [0, 1) */
  constructor(pacing: Pacing, random: () => number, options: { readonly mac: MacAddress }) {
    this.#pacing = pacing;
    this.#random = random;
    this.#mac = options.mac;
  }

  /** Starts the burst; starts it again for an IP that is announced already (network rule 20). */
  announce(ip: IpAddress, now: number): void {
    this.#now = now;
    this.#endCourse(ip);
    const course: Course = { ip, round: 0, pending: [], sentAt: NEVER, active: true };
    this.#courses.set(ip, course);
    this.#first.add(course);
  }

  withdraw(ip: IpAddress): void {
    this.#endCourse(ip);
    this.#reminders.delete(ip);
  }

  isAnnounced(ip: IpAddress): boolean {
    return this.#courses.has(ip);
  }

  /** When everybody was last told; -∞ for an IP that is not announced, or not yet. */
  lastSentAt(ip: IpAddress): number {
    return this.#courses.get(ip)?.sentAt ?? NEVER;
  }

  /** Queues one announcement to each of these hosts. Call it after `announce`: withdrawn IPs are not told. */
  remind(ip: IpAddress, askers: readonly Asker[], now: number): void {
    this.#now = now;
    if (askers.length > 0 && this.#courses.has(ip)) this.#reminders.set(ip, [...askers]);
  }

  /** The frames to send now. */
  step(now: number): Announcement[] {
    this.#now = now;
    const frames: Announcement[] = [];
    this.#sendFirstRounds(frames);
    this.#sendReminders(frames);
    this.#sendDue(frames);
    return frames;
  }

  /** When `step` has something to send again; may be in the past; undefined while nothing is announced. */
  nextDeadline(): number | undefined {
    const allowedAt = this.#now + this.#pacing.waitMs('background', this.#now);
    let next = this.#reminders.size > 0 ? allowedAt : Number.POSITIVE_INFINITY;
    if (this.#first.size > 0) {
      next = Math.min(next, this.#now + this.#pacing.waitMs('first-round', this.#now));
    }
    const due = this.#due.peek();
    if (due !== undefined) next = Math.min(next, Math.max(due.at, allowedAt));
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  #sendFirstRounds(frames: Announcement[]): void {
    for (const course of this.#first) {
      if (!this.#pacing.tryTake('first-round', this.#now)) return;
      frames.push({ ip: course.ip, frame: firstAnnouncement(course.ip, this.#mac) });
      course.sentAt = this.#now;
      this.#first.delete(course);
      this.#scheduleNext(course);
    }
  }

  #sendReminders(frames: Announcement[]): void {
    for (const [ip, askers] of this.#reminders) {
      for (let asker = askers[0]; asker !== undefined; asker = askers[0]) {
        if (!this.#pacing.tryTake('background', this.#now)) return;
        frames.push({ ip, frame: announcementTo(asker, ip, this.#mac) });
        askers.shift();
      }
      this.#reminders.delete(ip);
    }
  }

  #sendDue(frames: Announcement[]): void {
    for (let next = this.#due.peek(); next !== undefined; next = this.#due.peek()) {
      if (next.at > this.#now || !this.#pacing.tryTake('background', this.#now)) return;
      const course = next.item;
      if (course.pending.length === 0) course.pending = announcement(course.ip, this.#mac);
      for (const frame of course.pending.splice(0, 1)) frames.push({ ip: course.ip, frame });
      course.sentAt = this.#now;
      if (course.pending.length > 0) continue;
      this.#due.pop();
      this.#scheduleNext(course);
    }
  }

  #scheduleNext(course: Course): void {
    const gapMs = BURST_GAPS_MS[course.round] ?? this.#refreshMs();
    course.round += 1;
    this.#due.push(this.#now + gapMs, course);
  }

  #refreshMs(): number {
    return REFRESH_MS * (1 + REFRESH_JITTER * (2 * this.#random() - 1));
  }

  #endCourse(ip: IpAddress): void {
    const course = this.#courses.get(ip);
    if (course === undefined) return;
    course.active = false;
    this.#courses.delete(ip);
    this.#first.delete(course);
  }
}
