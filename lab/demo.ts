import { parseArgs } from 'node:util';
import { KUBERNETES } from './demo-kubernetes.ts';
import { MANIFESTS } from './demo-manifests.ts';
import {
  askCli,
  bringBack,
  createServices,
  drain,
  fetchAll,
  loseNode,
  type Stage,
} from './demo-steps.ts';
import type { DemoStore } from './demo-user.ts';
import { startLab } from './lab.ts';
import { withTimedRun } from './lock.ts';
import { becomeRoot } from './root.ts';
import { Story } from './story.ts';

/** Three public IPs on three nodes: given, answered, and moved when a node dies. `demo.ts [--store manifests|kubernetes]` */
const STORES: Readonly<Record<string, DemoStore>> = {
  manifests: MANIFESTS,
  kubernetes: KUBERNETES,
};
const LOG_LINES_SHOWN = 5;

const story = new Story((text) => process.stdout.write(text), process.stdout.isTTY);

const { values } = parseArgs({ options: { store: { type: 'string', default: 'manifests' } } });
const store = STORES[values.store];
if (store === undefined) {
  const known = Object.keys(STORES).join(' and ');
  process.stderr.write(`STORE=${values.store}: the story is told of ${known}\n`);
  process.exit(1);
}
becomeRoot();
process.exitCode = await withTimedRun(() => tellStory(store)).then(
  () => 0,
  () => 1, // the step has told why
);

async function tellStory(of: DemoStore): Promise<void> {
  const stage = await story.step('Three balancer nodes, a client and a switch', () =>
    introduce(of),
  );
  try {
    await play(stage);
  } catch (error) {
    for (const program of stage.lab.programs()) {
      story.tell(`last lines of ${program.name}:`);
      for (const line of program.lastLogLines(LOG_LINES_SHOWN)) story.tell(`  ${line}`);
    }
    throw error;
  } finally {
    await stage.lab.stop();
  }
}

async function play(stage: Stage): Promise<void> {
  const all = await story.step('A class, and a Service that asks for three public IPs', () =>
    createServices(stage),
  );
  await story.step('The client fetches a page from every IP', () => fetchAll(stage, all));
  await story.step('Records for the DNS zone, and who answers', () => askCli(stage, all));
  await story.step('n2 loses power and cables, without a word', () => loseNode(stage, 'n2'));
  await story.step('n2 comes back, is watched for a second, and takes its IPs home', () =>
    bringBack(stage, 'n2'),
  );
  await story.step('n1 is drained', () => drain(stage, 'n1'));
}

async function introduce(of: DemoStore): Promise<Stage> {
  const lab = await startLab(of.lab);
  try {
    for (const node of lab.nodes) story.tell(`${node}  eth0 ${lab.macOf(node)}`);
    const user = of.userOf(lab, (line) => story.tell(line));
    await user.seeCluster();
    return { lab, user, story };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}
