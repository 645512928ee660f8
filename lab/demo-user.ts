import type { ClusterObject } from './cluster.ts';
import type { Lab, LabOptions } from './lab.ts';

/** A Service of the story. */
export interface DemoService {
  readonly name: string;
  readonly family: 'IPv4' | 'IPv6';
}

/** What the user of the story does and sees. How, is all that differs between the stores. */
export interface DemoUser {
  /** In front of `mlb`: where and as whom it runs. */
  readonly mlbPrefix: readonly string[];
  /** What the page of each of a Service's backends begins with. */
  readonly page: RegExp;
  /** The cluster as it stands before anybody asks for an IP, every program running. */
  seeCluster(): Promise<void>;
  /** @param source what the manifests are called, in words */
  apply(source: string, ...objects: readonly ClusterObject[]): Promise<void>;
  /** @returns once the Service's backends are known to the cluster */
  runBackends(service: DemoService): Promise<void>;
  /** Classes, Services and their children. */
  seeServices(): Promise<void>;
  /** @returns what the Service's Events say of its IPs, and shows it */
  seeEvents(service: string): Promise<readonly string[]>;
  annotate(node: string, annotation: string, value: string): Promise<void>;
}

/** The user of one store. */
export interface DemoStore {
  readonly lab: Partial<LabOptions>;
  /** @param tell shows a line */
  readonly userOf: (lab: Lab, tell: (line: string) => void) => DemoUser;
}
