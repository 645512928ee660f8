import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Condition } from '../../modules/metallb/src/api/object.ts';
import { mergeConditions } from '../../modules/metallb/src/store/conditions.ts';

const NOW = Date.UTC(2024, 0, 2, 3, 4, 5, 678);
const THEN = '2024-01-01T00:00:00Z';

function condition(type: string, status: 'True' | 'False', reason = 'Because'): Condition {
  return { type, status, reason, message: '', lastTransitionTime: THEN };
}

function wanted(type: string, status: 'True' | 'False', reason = 'Because') {
  return { type, status, reason, message: '' };
}

test('a new condition goes to the end, dated now to the second', () => {
  const merged = mergeConditions([condition('Other', 'True')], [wanted('Ready', 'True')], NOW);
  assert.equal(merged, [
    condition('Other', 'True'),
    { ...condition('Ready', 'True'), lastTransitionTime: '2024-01-02T03:04:05Z' },
  ]);
});

test('a changed status is dated now, in its place', () => {
  const existing = [condition('Ready', 'False'), condition('Other', 'True')];
  const merged = mergeConditions(existing, [wanted('Ready', 'True')], NOW);
  assert.equal(merged, [
    { ...condition('Ready', 'True'), lastTransitionTime: '2024-01-02T03:04:05Z' },
    condition('Other', 'True'),
  ]);
});

test('another reason for the same status keeps the date', () => {
  const merged = mergeConditions(
    [condition('Ready', 'False')],
    [wanted('Ready', 'False', 'New')],
    NOW,
  );
  assert.equal(merged, [condition('Ready', 'False', 'New')]);
});

test('nothing wanted changes nothing', () => {
  const existing = [condition('Ready', 'False')];
  assert.equal(mergeConditions(existing, [], NOW), existing);
});

test.run();
