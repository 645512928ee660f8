import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Since when this node has known its kube-proxy in sync: kernel rules end with the boot. */
export type SyncedBefore = 'this-boot' | 'an-earlier-boot' | 'never';

const BOOT_ID = /^[0-9a-f-]{8,64}$/;

/** What an earlier process of this node left in the file; what can't be read counts as nothing. */
export function recallSynced(path: string, bootId: string): SyncedBefore {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch {
    return 'never';
  }
  if (!BOOT_ID.test(text)) return 'never';
  return text === bootId ? 'this-boot' : 'an-earlier-boot';
}

/** Keeps for later processes that kube-proxy has synced in this boot. @throws what the file system says */
export function rememberSynced(path: string, bootId: string): void {
  writeFileSync(`${path}.new`, `${bootId}\n`);
  renameSync(`${path}.new`, path);
}
