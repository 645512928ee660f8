import { hook as alertAnnotations } from '../alert-annotations.ts';
import { hook as alertModuleConfig } from '../alert-module-config.ts';
import { hook as expandServices } from '../expand-services.ts';
import { hook as foldStatus } from '../fold-status.ts';
import { hook as internalValues } from '../internal-values.ts';
import { hook as labelNodes } from '../label-nodes.ts';
import { hook as purge } from '../purge.ts';
import { runBatch } from '../runner/batch.ts';

runBatch('metallb-hooks', [
  { name: 'expand-services', hook: expandServices },
  { name: 'fold-status', hook: foldStatus },
  { name: 'label-nodes', hook: labelNodes },
  { name: 'alert-annotations', hook: alertAnnotations },
  { name: 'alert-module-config', hook: alertModuleConfig },
  { name: 'purge', hook: purge },
  { name: 'internal-values', hook: internalValues },
]);
