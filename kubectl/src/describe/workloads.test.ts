import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CronJob, DaemonSet, Event, HorizontalPodAutoscaler, Job, Pod, StatefulSet } from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { autoscalerLines } from './autoscaler.ts';
import { describeCronJob, describeJob } from './batch.ts';
import { eventLines, inOrder } from './events.ts';
import type { Lines } from './lines.ts';
import { daemonSetLines, statefulSetLines } from './sets.ts';

/*
 * Compared with what upstream's kubectl prints of the same objects. Time is told in the machine's zone: the clock's part is cut off.
 */

const printed = (lines: Lines): string[] =>
  alignTabs([...lines, ''].join('\n'))
    .replace(/(\w{3}, \d\d \w{3} \d{4}) .*/g, '$1')
    .split('\n')
    .map((line) => line.trimEnd());

/** The lines between two, the first included. */
function part(lines: readonly string[], from: RegExp, to: RegExp): string[] {
  const start = lines.findIndex((line) => from.test(line));
  const end = lines.findIndex((line, index) => index > start && to.test(line));
  return lines.slice(start, end === -1 ? undefined : end);
}

const metadata = { name: 'full', namespace: 'default', creationTimestamp: '2026-11-21T12:03:47Z' };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'busybox:1.37' }] } };
const running = { metadata: { name: 'p' }, status: { phase: 'Running' } } as Pod;

test('a DaemonSet', () => {
  const set: DaemonSet = {
    metadata: { ...metadata, annotations: { 'deprecated.daemonset.template.generation': '2' } },
    spec: {
      selector: { matchLabels: { ds: 'full' } },
      template: { ...template, spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } },
    },
    status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, numberMisscheduled: 0, updatedNumberScheduled: 1 },
  };
  assert.deepEqual(part(printed(daemonSetLines(set, [running])), /^Name/, /Labels: {2}a=b/), [
    'Name:           full',
    'Namespace:      default',
    'Selector:       ds=full',
    'Node-Selector:  disk=ssd',
    'Labels:         <none>',
    'Annotations:    deprecated.daemonset.template.generation: 2',
    'Desired Number of Nodes Scheduled: 3',
    'Current Number of Nodes Scheduled: 2',
    'Number of Nodes Scheduled with Up-to-date Pods: 1',
    'Number of Nodes Scheduled with Available Pods: 0',
    'Number of Nodes Misscheduled: 0',
    'Pods Status:  1 Running / 0 Waiting / 0 Succeeded / 0 Failed',
    'Pod Template:',
  ]);
});

test('a StatefulSet with claims', () => {
  const claim = (name: string, more: object): object => ({ metadata: { name, ...more }, spec: { accessModes: ['ReadWriteOnce'] } });
  const set = {
    metadata,
    spec: {
      serviceName: 'x',
      replicas: 2,
      selector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'z', operator: 'In', values: ['q', 'r'] }] },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1, maxUnavailable: '30%' } },
      volumeClaimTemplates: [claim('data', { labels: { x: 'yo' }, annotations: { m: 'n' } }), claim('more', {})],
      template,
    },
    status: { replicas: 1 },
  } as StatefulSet;
  const lines = printed(statefulSetLines(set, [running]));
  assert.deepEqual(part(lines, /^Name/, /^Pod Template/), [
    'Name:               full',
    'Namespace:          default',
    'CreationTimestamp:  Sat, 21 Nov 2026',
    'Selector:           a=b,z in (q,r)',
    'Labels:             <none>',
    'Annotations:        <none>',
    'Replicas:           2 desired | 1 total',
    'Update Strategy:    RollingUpdate',
    '  Partition:        1',
    '  MaxUnavailable:   30%',
    'Pods Status:        1 Running / 0 Waiting / 0 Succeeded / 0 Failed',
  ]);
  assert.deepEqual(part(lines, /^Volume Claims/, /more/), [
    'Volume Claims:',
    '  Name:          data',
    '  StorageClass:',
    '  Labels:        x=yo',
    '  Annotations:   m=n',
    '  Capacity:      <default>',
    '  Access Modes:  [ReadWriteOnce]',
  ]);
});

const job: Job = {
  metadata: { ...metadata, labels: { 'job-name': 'full' } },
  spec: {
    ...{ parallelism: 2, completions: 3, completionMode: 'Indexed', suspend: false, backoffLimit: 6 },
    ...{ ttlSecondsAfterFinished: 60, activeDeadlineSeconds: 77 },
    template,
  },
  status: { startTime: '2026-11-21T12:00:00Z', completionTime: '2026-11-21T12:00:04Z', ready: 0, succeeded: 3, completedIndexes: '0-2' },
};

test('a Job that is done', () => {
  assert.deepEqual(part(printed(describeJob(job)), /^Name/, /^Pod Template/), [
    'Name:                        full',
    'Namespace:                   default',
    'Selector:',
    'Labels:                      job-name=full',
    'Annotations:                 <none>',
    'Parallelism:                 2',
    'Completions:                 3',
    'Completion Mode:             Indexed',
    'Suspend:                     false',
    'Backoff Limit:               6',
    'TTL Seconds After Finished:  60',
    'Start Time:                  Sat, 21 Nov 2026',
    'Completed At:                Sat, 21 Nov 2026',
    'Duration:                    4s',
    'Active Deadline Seconds:     77s',
    'Pods Statuses:               0 Active (0 Ready) / 3 Succeeded / 0 Failed',
    'Completed Indexes:           0-2',
  ]);
  const completedIndexes = Array.from({ length: 30 }, (_, index) => index * 2).join(',');
  const shown = printed(describeJob({ ...job, status: { completedIndexes } })).find((line) => line.startsWith('Completed Indexes'));
  assert.match(shown ?? '', / 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,\.\.\.$/);
});

test('a CronJob', () => {
  const cron: CronJob = {
    metadata,
    spec: {
      ...{ schedule: '0 3 * * *', concurrencyPolicy: 'Forbid', suspend: true, startingDeadlineSeconds: 20 },
      ...{ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
      jobTemplate: { spec: { parallelism: 2, activeDeadlineSeconds: 77, template } },
    },
    status: { active: [{ name: 'one' }, { name: 'two' }] },
  };
  const lines = printed(describeCronJob(cron));
  assert.deepEqual(part(lines, /^Schedule/, /^Pod Template/), [
    'Schedule:                      0 3 * * *',
    'Concurrency Policy:            Forbid',
    'Suspend:                       True',
    'Time Zone:                     <unset>',
    'Successful Job History Limit:  3',
    'Failed Job History Limit:      1',
    'Starting Deadline Seconds:     20s',
    'Selector:                      <unset>',
    'Parallelism:                   2',
    'Completions:                   <unset>',
    'Active Deadline Seconds:       77s',
  ]);
  assert.deepEqual(part(lines, /^Last/, /^$/), ['Last Schedule Time:  <unset>', 'Active Jobs:         one, two']);
});

test('an autoscaler', () => {
  const service = { apiVersion: 'v1', kind: 'Service', name: 'web' };
  const autoscaler: HorizontalPodAutoscaler = {
    metadata,
    spec: {
      ...{ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'burner' }, maxReplicas: 4 },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        {
          type: 'ContainerResource',
          containerResource: { container: 'm', name: 'cpu', target: { type: 'Utilization', averageUtilization: 7 } },
        },
        { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '5' } } },
        { type: 'Object', object: { metric: { name: 'hits' }, describedObject: service, target: { type: 'Value', value: '100' } } },
        { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '3' } } },
      ],
      behavior: { scaleUp: { stabilizationWindowSeconds: 5, policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } },
    },
    status: {
      ...{ currentReplicas: 3, desiredReplicas: 4 },
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 201, averageValue: '100m' } } }],
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'as it is' }],
    },
  };
  assert.deepEqual(
    part(printed(autoscalerLines(autoscaler)), /^Reference/, /^$/).map((line) => line.replace(/ {3,}/g, '  ')),
    [
      'Reference:  Deployment/burner',
      'Metrics:  ( current / target )',
      '  resource cpu on pods  (as a percentage of request):  201% (100m) / 50%',
      '  resource cpu of container "m" on pods  (as a percentage of request):  <unknown> / 7%',
      '  "rps" on pods:  <unknown> / 5',
      '  "hits" on Service/web (target value):  <unknown> / 100',
      '  "queue" (target average value):  <unknown> / 3',
      'Min replicas:  <unset>',
      'Max replicas:  4',
      'Behavior:',
      '  Scale Up:',
      '  Stabilization Window: 5 seconds',
      '  Select Policy: Max',
      '  Policies:',
      '  - Type: Pods  Value: 4  Period: 15 seconds',
      'Deployment pods:  3 current / 4 desired',
      'Conditions:',
      '  Type  Status  Reason  Message',
      '  ----  ------  ------  -------',
      '  AbleToScale  True  ReadyForNewScale  as it is',
    ],
  );
});

test('events come from a component, whatever its host, under at least four dashes', () => {
  const event = {
    ...{ metadata: { name: 'e' }, involvedObject: {}, type: 'Normal', reason: 'Pulled', message: 'there' },
    ...{ source: { component: 'kubelet', host: 'n1' }, firstTimestamp: '2026-11-21T12:00:00Z' },
  } as Event;
  assert.deepEqual(printed(eventLines([event], Date.parse('2026-11-21T12:00:03Z'))), [
    'Events:',
    '  Type    Reason  Age   From     Message',
    '  ----    ------  ----  ----     -------',
    '  Normal  Pulled  3s    kubelet  there',
    '',
  ]);
});

test('of an event that is both old and new the newer time counts; what it is about is put before its message', () => {
  const event = {
    ...{ metadata: { name: 'e' }, involvedObject: { fieldPath: 'spec.containers{c}' }, message: ' there\n', series: {} },
    ...{ eventTime: '2026-11-21T12:00:00.000000Z', firstTimestamp: '2026-11-21T11:00:00Z' },
  } as Event;
  assert.equal(eventLines([event], Date.parse('2026-11-21T12:00:03Z')).at(-1), '  \t\t<unknown> (x0 over 3s)\t\tspec.containers{c}: there');
});

test('events stand in the order they were last counted, those that never were before them', () => {
  const event = (name: string, more: object): Event => ({ metadata: { name }, involvedObject: {}, ...more }) as Event;
  const events = [
    event('late', { lastTimestamp: '2026-01-01T00:10:00Z', firstTimestamp: '2026-01-01T00:01:00Z' }),
    event('new', { eventTime: '2026-01-01T00:01:00.000000Z' }),
    event('series', { eventTime: '2026-01-01T00:02:00.000000Z', series: { count: 5, lastObservedTime: '2026-01-01T00:20:00.000000Z' } }),
    event('early', { lastTimestamp: '2026-01-01T00:03:00Z' }),
  ];
  assert.deepEqual(
    inOrder(events).map(({ metadata: { name } }) => name),
    ['new', 'series', 'early', 'late'],
  );
});
