import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The folder of the chart, which is the module. */
export const CHART = new URL('../../modules/metallb/', import.meta.url);

export function readChartFile(path: string): string {
  return readFileSync(new URL(path, CHART), 'utf8');
}

/** Helm, addon-operator and the API server read YAML 1.1: there `0400` is a file mode. */
export function readChartYaml(path: string): unknown {
  return parse(readChartFile(path), { version: '1.1' });
}
