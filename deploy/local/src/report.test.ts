import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, renderReport } from './report.ts';

test('the table of processes', () => {
  const reports = [
    { name: 'kube-apiserver', pid: 4711, uptimeMs: 192_000, residentBytes: 90 * 2 ** 20, health: 'ok' },
    { name: 'kubelet', health: 'not running' },
  ];
  assert.equal(
    renderReport(reports),
    [
      'PROCESS          PID    UPTIME   MEMORY   HEALTH',
      'kube-apiserver   4711   3m12s    90 MiB   ok',
      'kubelet          -      -        -        not running',
      '',
    ].join('\n'),
  );
});

test('durations have two units at most', () => {
  assert.deepEqual([0, 45_000, 192_000, 19_200_000, 187_200_000].map(duration), ['0s', '45s', '3m12s', '5h20m', '2d4h']);
});
