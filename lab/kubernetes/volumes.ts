import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type VolumeFiles, writeAtomically } from './atomic-writer.ts';
import type { Pod, Volume } from './pod.ts';
import { type VolumeSources, volumeFiles } from './volume-files.ts';

/** Where volumes are, and where their content comes from. */
export interface VolumePorts extends VolumeSources {
  /** Of this Pod alone: what ends with it. */
  readonly podDirectory: string;
  /** The node's own disk: what stays. */
  readonly nodeDirectory: string;
}

/** The volumes of one Pod. */
export class PodVolumes {
  readonly #pod: Pod;
  readonly #ports: VolumePorts;
  readonly #directories = new Map<string, string>();
  /** Of those whose content the API server has: what stands in them. */
  readonly #written = new Map<string, VolumeFiles>();

  constructor(pod: Pod, ports: VolumePorts) {
    this.#pod = pod;
    this.#ports = ports;
  }

  /** Directory on this machine by name of the volume. */
  get directories(): ReadonlyMap<string, string> {
    return this.#directories;
  }

  /** @throws for a kind that the lab does not know, and when what a volume shows is not there */
  async make(): Promise<void> {
    for (const volume of this.#volumes()) {
      const directory = await this.#directoryOf(volume);
      if (!volume.hostPath && !volume.emptyDir) await this.#write(volume, directory);
      this.#directories.set(volume.name, directory);
    }
  }

  /** Brings what has changed behind the API server since. @throws as `make`; what is there stays */
  async refresh(): Promise<void> {
    for (const volume of this.#volumes()) {
      const directory = this.#directories.get(volume.name);
      if (directory !== undefined && this.#written.has(volume.name)) {
        await this.#write(volume, directory);
      }
    }
  }

  async #write(volume: Volume, directory: string): Promise<void> {
    const files = await volumeFiles(this.#pod, volume, this.#ports);
    if (isDeepStrictEqual(files, this.#written.get(volume.name))) return;
    await writeAtomically(directory, files);
    this.#written.set(volume.name, files);
  }

  #volumes(): readonly Volume[] {
    return this.#pod.spec.volumes ?? [];
  }

  async #directoryOf({ name, hostPath, emptyDir }: Volume): Promise<string> {
    if (hostPath !== undefined) {
      const path = join(this.#ports.nodeDirectory, hostPath.path);
      // Any other type is refused where nothing is there, as a kubelet does.
      if (['', 'DirectoryOrCreate'].includes(hostPath.type ?? '')) {
        await mkdir(path, { recursive: true });
      }
      return path;
    }
    const directory = join(this.#ports.podDirectory, name);
    await mkdir(directory, { recursive: true });
    if (emptyDir !== undefined) await chmod(directory, 0o777);
    return directory;
  }
}
