import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlacementChild } from '../../modules/metallb/src/placement/distribution.ts';
import { place } from '../../modules/metallb/src/placement/place.ts';

// Rank order of class `ingress`: lb-2, lb-1, lb-3, lb-5, lb-4.
const CLASS = 'ingress';

/** `web0@lb-1`: child 0 of Service web, so far on lb-1. */
function child(text: string): PlacementChild {
  const [key = '', node] = text.split('@');
  return { key, service: key.slice(0, -1), order: Number(key.slice(-1)), node };
}

interface Row {
  readonly name: string;
  /** A `-` before a name: not eligible. */
  readonly nodes: string;
  readonly children: string;
  readonly placed: string;
}

const rows: readonly Row[] = [
  {
    name: "a first Service lands in rank order, as Deckhouse's does",
    nodes: 'lb-1 lb-2 lb-3 lb-4 lb-5',
    children: 'web0 web1 web2',
    placed: 'web0@lb-2 web1@lb-1 web2@lb-3',
  },
  {
    name: 'more children than nodes go round',
    nodes: 'lb-1 lb-2',
    children: 'web0 web1 web2 web3 web4',
    placed: 'web0@lb-2 web1@lb-1 web2@lb-2 web3@lb-1 web4@lb-2',
  },
  {
    name: 'a second Service begins on the emptiest nodes',
    nodes: 'lb-1 lb-2 lb-3',
    children: 'dns0 web0@lb-2 web1@lb-1',
    placed: 'dns0@lb-3 web0@lb-2 web1@lb-1',
  },
  {
    name: 'a new child avoids the nodes of its Service before it avoids full nodes',
    nodes: 'lb-1 lb-2',
    children: 'a0@lb-1 b0@lb-1 web0@lb-2 web1',
    placed: 'a0@lb-1 b0@lb-1 web0@lb-2 web1@lb-1',
  },
  {
    name: 'an imbalance that Services left behind moves nobody',
    nodes: 'lb-1 lb-2',
    children: 'a0@lb-1 b0@lb-1 c0@lb-1 d0@lb-2',
    placed: 'a0@lb-1 b0@lb-1 c0@lb-1 d0@lb-2',
  },
  {
    name: 'only the children of a draining node move',
    nodes: '-lb-1 lb-2 lb-3',
    children: 'web0@lb-2 web1@lb-1 web2@lb-3 dns0@lb-1',
    placed: 'dns0@lb-2 web0@lb-2 web1@lb-3 web2@lb-3',
  },
  {
    name: 'only the children of a deleted node move',
    nodes: 'lb-2 lb-3',
    children: 'web0@lb-2 web1@lb-1 web2@lb-3',
    placed: 'web0@lb-2 web1@lb-2 web2@lb-3',
  },
  {
    name: 'a node that joins takes the second IP of a doubled Service first',
    nodes: 'lb-1 lb-2 lb-3',
    children: 'dns0@lb-2 dns1@lb-1 dns2@lb-2 web0@lb-2 ftp0@lb-1',
    placed: 'dns0@lb-2 dns1@lb-1 dns2@lb-3 web0@lb-2 ftp0@lb-1',
  },
  {
    name: 'a node that joins takes no more than balance needs',
    nodes: 'lb-1 lb-2 lb-3',
    children: 'a0@lb-1 b0@lb-1 c0@lb-2 d0@lb-2',
    placed: 'a0@lb-1 b0@lb-3 c0@lb-2 d0@lb-2',
  },
  {
    name: 'a node that joins is not given two IPs of one Service',
    nodes: 'lb-1 lb-2 lb-3',
    children: 'x0@lb-1 y0@lb-1 z0@lb-1 x1@lb-2 y1@lb-2 z1@lb-2',
    placed: 'x0@lb-1 y0@lb-3 z0@lb-1 x1@lb-2 y1@lb-2 z1@lb-3',
  },
  {
    name: 'a new child on the joined node saves a move',
    nodes: 'lb-1 lb-2',
    children: 'a0@lb-1 b0@lb-1 c0',
    placed: 'a0@lb-1 b0@lb-1 c0@lb-2',
  },
  {
    name: 'with nobody eligible children stay where a node still is',
    nodes: '-lb-1 -lb-2',
    children: 'web0@lb-1 web1@lb-3 web2',
    placed: 'web0@lb-1',
  },
  { name: 'without nodes nobody is placed', nodes: '', children: 'web0@lb-1', placed: '' },
];

const words = (text: string) => text.split(' ').filter((word) => word !== '');

for (const row of rows) {
  test(row.name, () => {
    const nodes = words(row.nodes).map((name) => ({
      name: name.replace(/^-/, ''),
      eligible: !name.startsWith('-'),
    }));
    const children = words(row.children).map(child);
    const placed = place({ className: CLASS, nodes, children });
    const shown = [...placed].map(([key, node]) => `${key}@${node}`);
    assert.equal(shown.sort(), words(row.placed).sort());
  });
}

test('ten thousand new children are placed evenly', () => {
  const nodes = Array.from({ length: 300 }, (_, index) => ({ name: `n${index}`, eligible: true }));
  const children = Array.from({ length: 10_000 }, (_, index) => ({
    key: `c${index}`,
    service: `s${index % 3_000}`,
    order: Math.floor(index / 3_000),
    node: undefined,
  }));
  const placed = place({ className: CLASS, nodes, children });

  const loads = new Map<string, number>();
  for (const node of placed.values()) loads.set(node, (loads.get(node) ?? 0) + 1);
  assert.is(Math.max(...loads.values()) - Math.min(...loads.values()), 1);
});

test.run();
