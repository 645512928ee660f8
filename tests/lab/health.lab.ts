import * as assert from 'uvu/assert';
import { run, until } from '../../lab/exec.ts';
import { fetchPage, type Page } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { signal } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const CONTROLLER = 'http://127.0.0.1:7472';
const SPEAKER = 'http://127.0.0.1:7474';
const NODE = 'http://127.0.0.1:7476';
const SAMPLE =
  /^[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (?:[-+]?[\d.]+(?:e[-+]?\d+)?|[+-]Inf|NaN)$/;
const DESCRIPTION =
  /^# (?:HELP [a-zA-Z_:][\w:]* .*|TYPE [a-zA-Z_:][\w:]* (?:counter|gauge|histogram|summary|untyped))$/;
const FIGURES = ['requests_received', 'responses_sent', 'gratuitous_sent'];
const ROUNDS_OF_A_BURST = 5;
const TOLD_WITHIN_MS = 20_000;
/** Ends when the page is 503, which no new process for each look would see. */
const LOOK_ON = `const [, url] = process.argv;
while ((await fetch(url)).status !== 503) await new Promise((next) => setTimeout(next, 5));`;

export const scenarios: readonly Scenario[] = [
  scenario('health/metrics-are-prometheus-text', {}, async (lab) => {
    const all = await freshServices(lab);
    const shown = [
      await metricsOf(lab, 'control', CONTROLLER),
      ...(await Promise.all(lab.nodes.map((node) => metricsOf(lab, node, SPEAKER)))),
    ];
    const [controller = '', ...nodes] = shown;
    assert.match(controller, /^metallb_allocator_addresses_in_use\{class="ingress"\} 3$/m);
    assert.match(controller, /^metallb_allocator_services_waiting\{class="ingress"\} 0$/m);
    for (const text of nodes) {
      assert.is(text.match(/^metallb_announced\{.*\} 1$/gm)?.length, 2);
      assert.match(text, /^metallb_wire_event_loop_delay_seconds\{percentile="99"\} /m);
    }
    for (const { ip, preferredNode } of all) await countsAnswers(lab, ip, preferredNode);
    return undefined;
  }),

  scenario('health/tells-a-hung-wire', {}, async (lab) => {
    await freshServices(lab);
    for (const path of ['/healthz', '/readyz']) await answers(lab, path, 200);
    const wire = lab.program('n1').pidOf('wire.mjs');
    await toldWhileWiresHang(lab);
    for (const path of ['/healthz', '/readyz']) await answers(lab, path, 200);
    assert.is.not(lab.program('n1').pidOf('wire.mjs'), wire, 'a new process');
    return undefined;
  }),
];

/** @throws unless every line is as Prometheus expects it */
async function metricsOf(lab: Lab, host: string, url: string): Promise<string> {
  const { status, body } = await fetchPage(lab.namespace(host), `${url}/metrics`);
  assert.is(status, 200, `${host} shows metrics`);
  const lines = body.split('\n').filter((line) => line !== '');
  assert.ok(lines.length > 10, `${host}: ${lines.length} lines`);
  const wrong = lines.filter((line) => !(line.startsWith('#') ? DESCRIPTION : SAMPLE).test(line));
  assert.equal(wrong, [], `lines of ${host} that are no Prometheus text`);
  return body;
}

/** Waits until a node shows the burst in which it announced an IP, and an answer for it that it did not show before. */
async function countsAnswers(lab: Lab, ip: string, node: string): Promise<void> {
  const figures = async () => {
    const page = await metricsOf(lab, node, SPEAKER);
    const shown = page.matchAll(/^metallb_layer2_(\w+)\{ip="([^"]+)"\} (\d+)$/gm);
    return new Map([...shown].map(([, name, of, value]) => [`${name} ${of}`, Number(value)]));
  };
  let seen = await figures();
  const before = seen.get(`requests_received ${ip}`) ?? 0;
  await lab.prober.macsOf(ip);
  const what = () => `another answer for ${ip} by ${node}: ${JSON.stringify([...seen])}`;
  await until({ what, deadlineMs: 3_000 }, async () => {
    seen = await figures();
    const [asked = 0, answered, told = 0] = FIGURES.map((name) => seen.get(`${name} ${ip}`));
    return asked > before && answered === asked && told >= ROUNDS_OF_A_BURST;
  });
}

/** One that hangs is soon killed and another well: a look that is too late for that has another chance. */
async function toldWhileWiresHang(lab: Lab): Promise<void> {
  let isTold = false;
  const watch = [
    'ip',
    'netns',
    'exec',
    lab.namespace('n1'),
    process.execPath,
    '--input-type=module',
    '--eval',
    LOOK_ON,
  ];
  const told = run([...watch, `${NODE}/healthz`]).then(() => {
    isTold = true;
  });
  const hang = async () => {
    const { body } = await fetchPage(lab.namespace('n1'), `${NODE}/healthz`);
    const { wire } = JSON.parse(body) as { wire: { ready: boolean; pid?: number } };
    if (wire.ready && wire.pid !== undefined && !isTold) signal(wire.pid, 'SIGSTOP');
    return isTold;
  };
  const what = '/healthz 503';
  await Promise.all([told, until({ what, deadlineMs: TOLD_WITHIN_MS, everyMs: 200 }, hang)]);
}

async function answers(lab: Lab, path: string, status: number): Promise<void> {
  let page: Page | undefined;
  const what = () => `${path} ${status}: ${JSON.stringify(page)}`;
  await until({ what, deadlineMs: TOLD_WITHIN_MS }, async () => {
    page = await fetchPage(lab.namespace('n1'), `${NODE}${path}`);
    return page.status === status;
  });
}
